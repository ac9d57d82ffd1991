use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(file: &str, text: &str, config: &TableConfig) -> Result<Table, TableError> {
    Table::read(file, text.as_bytes(), config, &TableLimits::default())
}

fn csv(text: &str, config: &TableConfig) -> Table {
    read("t.csv", text, config).unwrap()
}

fn refused(file: &str, text: &str, config: &TableConfig) -> String {
    read(file, text, config).unwrap_err().to_string()
}

/// The columns beside the key of the row that is found.
fn row(table: &Table, key: &str) -> Option<serde_json::Value> {
    let found = table.find(key)?;
    Some(serde_json::to_value(found.to_value(&table.other_columns())).unwrap())
}

const HOSTS: &str = "\u{feff}name, owner,rack\nweb-1,shop,\"a, 1\"\n\nweb-2,,b2\nWEB-3,data,c3\n";

#[test]
fn a_row_of_csv_is_found_by_its_key() {
    let table = csv(HOSTS, &TableConfig::by("name"));
    assert_eq!(row(&table, "web-1"), Some(json!({"owner": "shop", "rack": "a, 1"})));
    assert_eq!(row(&table, "web-2"), Some(json!({"rack": "b2"})), "empty cells are left out");
    assert_eq!(row(&table, "web-3"), None, "case matters");
    assert_eq!(row(&table, ""), None);
    assert_eq!((table.rows(), table.find("web-2").unwrap().line()), (3, 4));
}

#[test]
fn case_is_ignored_when_told_so() {
    let config = TableConfig { matching: Matching::IgnoreCase, ..TableConfig::by("name") };
    let table = csv("name,v\nWEB-3,1\nÄrger,2\n", &config);
    for (key, value) in [("web-3", "1"), ("Web-3", "1"), ("ÄRGER", "2"), ("ärger", "2")] {
        assert_eq!(row(&table, key), Some(json!({"v": value})), "{key}");
    }
    assert!(refused("t.csv", "name,v\nA,1\na,2\n", &config).contains("line 3: the key `a` was on line 2"));
}

#[test]
fn several_columns_make_a_key() {
    let config = TableConfig { key: vec!["ns".to_owned(), "app".to_owned()], ..TableConfig::by("ns") };
    let table = csv("app,ns,team\nab,c,one\nb,ca,two\n", &config);
    let team = |key: [&str; 2]| table.find_parts(&key).and_then(|row| row.get("team"));
    assert_eq!(team(["c", "ab"]), Some("one".into()));
    assert_eq!(team(["ca", "b"]), Some("two".into()));
    assert_eq!(team(["ab", "c"]), None);
    assert!(table.find("c").is_none());
    assert_eq!(table.key_parts(), 2);
}

#[test]
fn json_has_rows_in_an_array_or_by_name() {
    let array = r#"[{"code": 404, "text": "not found", "bad": true},
                    {"code": "200", "text": "ok", "share": 0.5, "none": null}]"#;
    let table = read("t.json", array, &TableConfig::by("code")).unwrap();
    assert_eq!(row(&table, "404"), Some(json!({"text": "not found", "bad": true})));
    assert_eq!(row(&table, "200"), Some(json!({"text": "ok", "share": 0.5})));
    assert!(table.find_value(&Value::Integer(404)).is_some());
    let large = read("t.json", r#"[{"id": 18446744073709551615, "v": 1}]"#, &TableConfig::by("id")).unwrap();
    assert!(large.find("18446744073709551615").is_some());
    assert_eq!(table.find("200").unwrap().line(), 2);
    let named = r#"{"web-1": {"owner": "shop"}, "web-2": {"owner": "data", "rack": 7}}"#;
    let table = read("t.json", named, &TableConfig::by("host")).unwrap();
    assert_eq!(row(&table, "web-2"), Some(json!({"owner": "data", "rack": 7})));
    let table = read("t.JSON", r#"{"web-1": "shop"}"#, &TableConfig::by("host")).unwrap();
    assert_eq!(row(&table, "web-1"), Some(json!({"value": "shop"})));
}

#[test]
fn an_address_is_found_in_the_most_specific_network() {
    let config = TableConfig { matching: Matching::Network, ..TableConfig::by("net") };
    let text = "net,zone\n10.0.0.0/8,corp\n10.1.0.0/16,lab\n10.1.2.3,printer\n192.0.2.10-192.0.2.20,dmz\n\
                2001:db8::/32,six\n::ffff:172.16.0.0/108,mapped\n0.0.0.0/0,world\n";
    let table = csv(text, &config);
    for (address, zone) in [
        ("10.9.9.9", "corp"),
        ("10.1.9.9", "lab"),
        ("10.1.2.3", "printer"),
        ("10.1.2.4", "lab"),
        ("10.2.0.0", "corp"),
        ("192.0.2.20", "dmz"),
        ("192.0.2.21", "world"),
        ("2001:db8::1", "six"),
        ("172.16.1.1", "mapped"),
        ("::ffff:10.1.2.3", "printer"),
        ("255.255.255.255", "world"),
    ] {
        assert_eq!(row(&table, address), Some(json!({"zone": zone})), "{address}");
        assert!(table.find_address(&address.parse().unwrap()).is_some());
    }
    assert_eq!(row(&table, "2001:db9::1"), None);
    assert_eq!(row(&table, "no address"), None);
}

#[test]
fn a_number_is_found_in_the_narrowest_range() {
    let config = TableConfig { matching: Matching::Number, ..TableConfig::by("code") };
    let table = csv("code,class\n400-499,client\n404,missing\n-5--1,negative\n", &config);
    assert_eq!(row(&table, "403"), Some(json!({"class": "client"})));
    assert_eq!(row(&table, "404"), Some(json!({"class": "missing"})));
    assert_eq!(row(&table, "-3"), Some(json!({"class": "negative"})));
    assert_eq!(row(&table, "500"), None);
    assert!(table.find_value(&Value::Integer(499)).is_some());
    let config = TableConfig { key: vec!["from".to_owned(), "to".to_owned()], ..config };
    let table = csv("from,to,name\n1,1023,system\n1024,65535,user\n", &config);
    assert_eq!((row(&table, "443"), table.key_parts()), (Some(json!({"name": "system"})), 1));
}

#[test]
fn a_key_that_comes_again_is_refused_or_settled() {
    let text = "k,v\na,1\nb,2\na,3\n";
    let with = |duplicates| TableConfig { duplicates, ..TableConfig::by("k") };
    assert_eq!(
        refused("t.csv", text, &with(Duplicates::Refuse)),
        "t.csv, line 4: the key `a` was on line 2 already: remove one of them, or say `duplicates: first` or `last`"
    );
    assert_eq!(row(&csv(text, &with(Duplicates::First)), "a"), Some(json!({"v": "1"})));
    assert_eq!(row(&csv(text, &with(Duplicates::Last)), "a"), Some(json!({"v": "3"})));
    let text = "k,v\n10.0.0.0/8,1\n10.0.0.1/8,2\n";
    let with = |duplicates| TableConfig { matching: Matching::Network, ..with(duplicates) };
    assert!(refused("t.csv", text, &with(Duplicates::Refuse)).contains("line 3"));
    assert_eq!(row(&csv(text, &with(Duplicates::First)), "10.1.1.1"), Some(json!({"v": "1"})));
    assert_eq!(row(&csv(text, &with(Duplicates::Last)), "10.1.1.1"), Some(json!({"v": "2"})));
}

/// Guarantees: what is wrong with a file is said with its place and a remedy.
#[test]
fn refusals_name_the_place_and_the_remedy() {
    let by_k = TableConfig::by("k");
    let network = TableConfig { matching: Matching::Network, ..by_k.clone() };
    for (file, text, config, expected) in [
        ("t.csv", "", &by_k, "t.csv, line 1: the file is empty: its first line must name the columns"),
        ("t.csv", "a,b\n1,2\n", &by_k, "t.csv has no column `k`; it has `a`, `b`"),
        ("t.csv", "k,k\n1,2\n", &by_k, "t.csv, line 1: column `k` is there twice: rename one"),
        ("t.csv", "k,\n1,2\n", &by_k, "t.csv, line 1: column 2 has no name: give it one"),
        ("t.csv", "k,v\n1,2\n3,4,5\n", &by_k, "t.csv, line 3: 3 cells where the first line has 2: quote"),
        ("t.csv", "k,v\n,2\n", &by_k, "t.csv, line 2, column `k`: `` isn't there: every row needs a key"),
        (
            "t.csv",
            "k\n10.0.0.0/33\n",
            &network,
            "t.csv, line 2, column `k`: `10.0.0.0/33` isn't a network such as",
        ),
        (
            "t.csv",
            "k\n10.0.0.1-10.0.0.5\n10.0.0.3-10.0.0.9\n",
            &network,
            "t.csv, line 3: the range crosses that of line 2",
        ),
        ("t.json", "[{\"k\": 1},\n 5]", &by_k, "t.json, line 2: a row must be an object"),
        (
            "t.json",
            "[{\"k\": 1},\n\n {\"k\": [2]}]",
            &by_k,
            "t.json, line 3: column `k` has an object or an array",
        ),
        ("t.json", "[{\"k\": 1},\n {\"k\": 2]", &by_k, "t.json, line 2: not a table in JSON"),
        ("t.json", "17", &by_k, "t.json, line 1: not a table in JSON"),
        ("t.json", "{\"a\": {\"k\": 1}}", &by_k, "t.json, line 1: `k` is in the row and is its name"),
    ] {
        let message = refused(file, text, config);
        assert!(message.starts_with(expected), "{message}\nexpected: {expected}");
    }
    let error = Table::read("t.csv", b"k\n\xff\n", &by_k, &TableLimits::default()).unwrap_err();
    assert_eq!(error.to_string(), "t.csv, line 2: not UTF-8: save the file in this encoding");
    let table = csv("a,k\n1,2\n", &by_k);
    assert!(matches!(table.columns(&["a", "z"]), Err(TableError::NoColumn { column, .. }) if column == "z"));
}

#[test]
fn a_file_beyond_the_limits_is_refused_before_and_while_it_is_read() {
    let limits = TableLimits { bytes: 100, rows: 2, columns: 2, cell: 10 };
    let error = limits.judge("big.csv", 1 << 30).unwrap_err();
    assert!(error.to_string().starts_with("big.csv has 1073741824 bytes, more than the 100 that"), "{error}");
    assert!(TableLimits { bytes: u64::MAX, ..limits }.judge("big.csv", 5 << 30).is_err());
    let message = |file: &str, text: &str| {
        Table::read(file, text.as_bytes(), &TableConfig::by("k"), &limits).unwrap_err().to_string()
    };
    assert!(message("t.csv", &"k\n".repeat(60)).contains("has 120 bytes"));
    assert_eq!(message("t.csv", "k\n1\n2\n3\n"), "t.csv, line 4: more than 2 rows");
    assert_eq!(message("t.csv", "k,a,b\n"), "t.csv, line 1: more than 2 columns");
    assert_eq!(message("t.csv", "k\n12345678901\n"), "t.csv, line 2: more than 10 bytes in a cell");
    assert_eq!(
        message("t.json", "[{\"k\":1},\n{\"k\":2,\"a\":1,\"b\":2}]"),
        "t.json, line 2: more than 2 columns"
    );
}

/// Guarantees: a table of repeating texts takes a few bytes a cell, not the texts.
#[test]
fn equal_cells_are_kept_once() {
    let owner = "the same long text in every row of the table and again";
    let text: String = (0..10_000).map(|at| format!("h{at},{owner}\n")).collect();
    let table = csv(&format!("k,owner\n{text}"), &TableConfig::by("k"));
    assert!(table.memory() < text.len(), "{} bytes of {}", table.memory(), text.len());
    assert_eq!(row(&table, "h9999"), Some(json!({"owner": owner})));
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let config = |json: &str| serde_json::from_str::<TableConfig>(json);
    assert_eq!(config(r#"{"key": "k"}"#).unwrap(), TableConfig::by("k"));
    let full =
        config(r#"{"key":["a","b"],"match":"network","duplicates":"last","format":"json","delimiter":";"}"#)
            .unwrap();
    assert_eq!((full.matching, full.duplicates, full.delimiter), (Matching::Network, Duplicates::Last, ';'));
    assert!(config(r#"{"key": "k", "mach": "exact"}"#).is_err());
    for json in [
        r#"{"key": []}"#,
        r#"{"key": ["a", "a"]}"#,
        r#"{"key": ["a", "b", "c"], "match": "number"}"#,
        r#"{"key": "a", "delimiter": "ä"}"#,
        r#"{"key": "a", "delimiter": "\""}"#,
    ] {
        assert!(matches!(config(json).unwrap().check(), Err(TableError::Config(_))), "{json}");
    }
}

proptest! {
    /// Guarantees: any bytes are a table or refused, in either format and with any match.
    #[test]
    fn any_file_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>(), kind in 0..4_u8) {
        let matching =
            [Matching::Exact, Matching::IgnoreCase, Matching::Network, Matching::Number][usize::from(kind)];
        let config = TableConfig { matching, ..TableConfig::by("k") };
        let mut with_head = b"k,v\n".to_vec();
        with_head.extend(&bytes);
        let file = if json { "t.json" } else { "t.csv" };
        for bytes in [bytes, with_head] {
            let _any_outcome = Table::read(file, &bytes, &config, &TableLimits::default());
        }
    }

    /// Guarantees: every key that was written is found again with its value, whatever is in it.
    #[test]
    fn every_row_is_found_again(rows in prop::collection::btree_map("\\PC{1,12}", "\\PC{0,12}", 1..30)) {
        let text = serde_json::to_string(&rows).unwrap();
        let table = read("t.json", &text, &TableConfig::by("k")).unwrap();
        for (key, value) in &rows {
            let found = table.find(key).unwrap().get("value").unwrap();
            prop_assert_eq!(found.to_str().unwrap_or_default(), value);
        }
        prop_assert!(table.find("no \t key").is_none());
    }
}
