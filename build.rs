//! Link settings of the native module.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Lua closes a loaded library with its state, while a thread of ours may still wait for a
    // name server in it: the library stays in memory until the process ends.
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    // Lua's own symbols come from the interpreter that loads the module.
    if std::env::var("CARGO_CFG_TARGET_VENDOR").as_deref() == Ok("apple") {
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}
