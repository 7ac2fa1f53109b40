//! Embeds the Lua files, and sets the linker options of the runner.
#![allow(clippy::expect_used)] // A build script reports errors by panicking.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(tls_openssl)");
    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let other_library =
        system == "windows" || env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    if !other_library && env::var_os("CARGO_FEATURE_NATIVE_TLS_ONLY").is_none() {
        println!("cargo:rustc-cfg=tls_openssl");
    }
    println!("cargo:rustc-check-cfg=cfg(tasks, epoll, kqueue)");
    // Tasks need C stacks and a list of ready descriptors. `src/tasks` has the list for these systems.
    let is_unix = env::var_os("CARGO_CFG_UNIX").is_some();
    if env::var_os("CARGO_FEATURE_TASKS").is_some() && (is_unix || system == "windows") {
        println!("cargo:rustc-cfg=tasks");
        let list = match system.as_str() {
            "linux" | "android" => Some("epoll"),
            "macos" | "ios" | "tvos" | "visionos" | "watchos" => Some("kqueue"),
            "freebsd" | "dragonfly" | "netbsd" | "openbsd" => Some("kqueue"),
            _ => None,
        };
        if let Some(list) = list.filter(|_| env::var_os("CARGO_FEATURE_POLL_ONLY").is_none()) {
            println!("cargo:rustc-cfg={list}");
        }
    }
    // With `module`, a stock interpreter loads them from disk.
    if env::var_os("CARGO_FEATURE_MODULE").is_none() {
        println!("cargo:rerun-if-changed=lua");
        embed_lua_files();
    }
    // C modules use the Lua functions in the runner.
    if env::var_os("CARGO_CFG_UNIX").is_some() && env::var_os("CARGO_FEATURE_VENDORED").is_some() {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic");
    }
}

/// Writes the table that `src/bundle.rs` includes: path and text of each file under `lua/`.
fn embed_lua_files() {
    let mut paths = Vec::new();
    find_lua_files(Path::new("lua"), &mut paths);
    paths.sort();
    let mut table = String::from("&[\n");
    for path in paths {
        // `socket.native` searches for the native library on disk. A program with the code linked in has its
        // own version.
        if path != "socket/native.lua" {
            writeln!(
                table,
                "({path:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/lua/\", {path:?}))),"
            )
            .expect("a string takes any text");
        }
    }
    table.push(']');
    let directory = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&directory).join("lua_files.rs"), table).expect("OUT_DIR is writable");
}

fn find_lua_files(directory: &Path, paths: &mut Vec<String>) {
    for entry in fs::read_dir(directory).expect("lua/ is readable") {
        let path = entry.expect("lua/ is readable").path();
        if path.is_dir() {
            find_lua_files(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "lua") {
            let inside = path.strip_prefix("lua").expect("the path starts there");
            paths.push(inside.to_str().expect("the name is plain").replace('\\', "/"));
        }
    }
}
