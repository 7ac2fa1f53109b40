//! Sets the linker options of the libraries for a stock interpreter.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=../link.rs");
    // Lua unloads a library when its state is closed. One of the library's threads may still be waiting for a
    // name server then. So the library stays in memory until the process ends.
    let is_apple = env::var("CARGO_CFG_TARGET_VENDOR").as_deref() == Ok("apple");
    if env::var("CARGO_CFG_UNIX").is_ok() && !is_apple {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    // The interpreter that loads the library provides Lua's own symbols.
    if is_apple {
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}
