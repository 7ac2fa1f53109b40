//! Sets how the libraries for a stock interpreter are linked.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=../link.rs");
    // Lua closes a loaded library with its state, while a thread of ours may still wait for a
    // name server in it: the library stays in memory until the process ends.
    let is_apple = env::var("CARGO_CFG_TARGET_VENDOR").as_deref() == Ok("apple");
    if env::var("CARGO_CFG_UNIX").is_ok() && !is_apple {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    // Lua's own symbols come from the interpreter that loads the library.
    if is_apple {
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}
