use crate::Format;
use crate::formats::samples::Samples;
use crate::testing::parse;

/// Composed after the schema and Microsoft's description of the events 4625 and 7036.
pub(crate) const SAMPLES: Samples = Samples {
    format: "windows_event",
    auto: &[Format::WindowsEvent],
    read: &[
        (
            r#"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>4625</EventID><Version>0</Version><Level>0</Level><Task>12546</Task><Opcode>0</Opcode><Keywords>0x8010000000000000</Keywords><TimeCreated SystemTime='2026-11-21T08:59:58.1234567Z'/><EventRecordID>229977</EventRecordID><Correlation ActivityID='{f1}'/><Execution ProcessID='516' ThreadID='3240'/><Channel>Security</Channel><Computer>dc01.example.com</Computer><Security/></System><EventData><Data Name='TargetUserName'>Auditor &amp; co</Data><Data Name='IpAddress'>-</Data><Data Name='Empty'></Data></EventData><RenderingInfo Culture='en-US'><Message>An account failed to log on.

Subject: S-1-5-18</Message><Level>Information</Level><Task>Logon</Task><Opcode>Info</Opcode><Keywords><Keyword>Audit Failure</Keyword></Keywords></RenderingInfo></Event>"#,
            r#"{"@timestamp": "2026-11-21T08:59:58.123Z", "message": "An account failed to log on.\n\nSubject: S-1-5-18",
            "event": {"provider": "Microsoft-Windows-Security-Auditing", "code": "4625", "outcome": "failure", "action": "Logon"},
            "log": {"level": "information"}, "host": {"name": "dc01.example.com"},
            "winlog": {"provider_guid": "{54849625-5478-4994-a5ba-3e3b0328c30d}", "version": "0", "level": "0", "task": "12546", "opcode": "0",
            "keywords": "0x8010000000000000", "record_id": "229977", "activity_id": "{f1}", "process": {"pid": "516", "thread": {"id": "3240"}},
            "channel": "Security", "event_data": {"TargetUserName": "Auditor & co", "IpAddress": "-"},
            "rendering": {"opcode": "Info", "keywords_keyword": "Audit Failure"}}}"#,
        ),
        (
            "<?xml version=\"1.0\"?>\n<Event>\n  <System>\n    <Provider Name=\"Service Control Manager\" EventSourceName=\"SCM\"/>\n    <EventID Qualifiers=\"16384\">7036</EventID>\n    <Level>4</Level>\n    <TimeCreated SystemTime=\"2026-11-21T08:59:58Z\"/>\n    <Computer>pc1</Computer>\n  </System>\n  <EventData>\n    <Data Name=\"param1\">&#x57;MI</Data>\n    <Data>a</Data>\n    <Binary>5700</Binary>\n  </EventData>\n  <UserData><Operation xmlns=\"x\"><A><B><![CDATA[<1>]]></B></A></Operation></UserData>\n</Event>\n",
            r#"{"@timestamp": "2026-11-21T08:59:58.000Z", "message": "Service Control Manager: event 7036",
            "event": {"provider": "Service Control Manager", "code": "7036"}, "log": {"level": "information"}, "host": {"name": "pc1"},
            "winlog": {"event_source_name": "SCM", "qualifiers": "16384", "level": "4", "event_data": {"param1": "WMI", "Binary": "5700"},
            "user_data": {"A": {"B": "<1>"}}}, "unmapped": {"winlog.event_data.param1": "a"}}"#,
        ),
    ],
    refused: &[
        "",
        "<Event>",
        "<Event></Event>",
        "<34>Nov 21 08:59:58 web-1 app: x",
        "<Event><System><EventID>1</EventID></System></Event>",
        "<Events><Event/></Events>",
        "<!DOCTYPE Event [<!ENTITY a \"b\">]><Event><System><Provider Name='p'/><EventID>&a;</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System></Event>",
        "<Event><System><Provider Name='p'/><EventID>&a;</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System></Event>",
        "<Event><System><Provider Name='p'/><EventID>1</EventID><TimeCreated SystemTime='soon'/></System></Event>",
        "<Event><System><Provider Name='p'/><EventID>1</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System></Event><Event/>",
        "<Event><System><Provider Name='p'/><EventID>1</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System>",
    ],
};

#[test]
fn elements_nest_so_deep_and_no_deeper() {
    let head = "<Event><System><Provider Name='p'/><EventID>1</EventID><TimeCreated SystemTime='2026-11-21T08:59:58Z'/></System>";
    let nested = |depth: usize| format!("{head}{}x{}</Event>", "<a>".repeat(depth), "</a>".repeat(depth));
    assert_eq!(parse("", &nested(15))["event"]["code"], "1");
    assert_eq!(parse("", &nested(16))["message"], nested(16));
    let many = format!("{head}<EventData>{}</EventData></Event>", "<Data/>".repeat(70_000));
    assert_eq!(parse("", &many)["message"], many.as_str());
}
