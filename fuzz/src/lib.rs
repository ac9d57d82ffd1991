//! What is libFuzzer's own. What targets do with their bytes is in the crate `forebay-corpus`, which ordinary tests use too.

/// From now on a panic that is caught is none. `libfuzzer_sys` would end the process by its hook, while programs of rules may
/// panic: it costs them their event. One that nobody catches still ends it.
pub fn let_panics_be_caught() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| drop(std::panic::take_hook()));
}
