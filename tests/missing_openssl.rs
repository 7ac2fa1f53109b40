//! The message of a build when OpenSSL's development files, or pkg-config, are missing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::env;
use std::os::unix::fs::symlink;
use std::process::Command;

use support::Scratch;

/// What `cargo build` of OpenSSL's bindings prints in this folder. They are built first, and stop the build.
fn refused_build(change: impl FnOnce(&mut Command)) -> String {
    let scratch = Scratch::new();
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["build", "--offline", "--package", "openssl-sys", "--target-dir"])
        .arg(scratch.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // cargo sets it for this test too
        .env_remove("HOST_PKG_CONFIG");
    change(&mut command);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn assert_advice(printed: &str, lacking: &str) {
    let advice = format!("{lacking}: apt install pkg-config libssl-dev (");
    let lines = printed.lines().filter(|line| line.trim_start().starts_with(&advice)).count();
    assert_eq!(lines, 1, "{printed}");
}

#[test]
fn missing_headers_are_named_in_one_line() {
    let printed = refused_build(|cargo| {
        cargo.env("PKG_CONFIG_LIBDIR", "/nonexistent").env_remove("PKG_CONFIG_PATH");
    });
    assert_advice(&printed, "the development files of OpenSSL are missing");
}

#[test]
fn a_missing_pkg_config_is_named_in_one_line() {
    // every program of the search path but pkg-config
    let programs = Scratch::new();
    for folder in env::split_paths(&env::var_os("PATH").unwrap()).filter(|folder| folder.is_dir()) {
        for program in std::fs::read_dir(folder).unwrap() {
            let program = program.unwrap();
            let name = program.file_name();
            if !name.to_string_lossy().contains("pkg-config") && name != "pkgconf" {
                // the first one of a name is the one that the search path finds
                let _ = symlink(program.path(), programs.path().join(name));
            }
        }
    }
    let printed = refused_build(|cargo| {
        cargo.env("PATH", programs.path()).env_remove("PKG_CONFIG");
    });
    assert_advice(&printed, "pkg-config is missing, which finds OpenSSL");
}
