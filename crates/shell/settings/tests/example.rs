//! The example that the reference manual shows.

use forebay_settings::{Settings, load};

/// Guarantees: the example is valid, and shows the defaults as it says.
#[test]
fn the_example_loads_and_shows_the_defaults() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/reference/forebay.yaml");
    let settings = load(Some(path.as_ref()), std::iter::empty()).unwrap();
    assert_eq!(settings, Settings::default());
}
