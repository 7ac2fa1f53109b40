//! The message of a build when OpenSSL's development files are missing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use support::Scratch;

/// The output of the build script. `text` is a shell script to use as `pkg-config`; `None` means there is no
/// `pkg-config`.
fn printed(scratch: &Scratch, text: Option<&str>) -> String {
    let path = scratch.path();
    if let Some(text) = text {
        let program = path.join(scratch.file("pkg-config", text));
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(path.join("build-script"));
    command.env_clear().env("PATH", path).env("OUT_DIR", path).current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in ["HOST", "TARGET"] {
        command.env(name, "x86_64-unknown-linux-gnu");
    }
    let output = command.env("CARGO_CFG_TARGET_OS", "linux").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_missing_is_said_in_one_line() {
    let scratch = Scratch::new();
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
    let mut command = Command::new(compiler);
    command.args(["--edition", "2024", "-o"]).arg(scratch.path().join("build-script")).arg(script);
    assert!(command.status().unwrap().success());

    let advice = |lacking: &str| format!("cargo::warning={lacking}: apt install pkg-config libssl-dev (");
    let warning =
        |printed: &str| printed.lines().find(|line| line.starts_with("cargo::warning=")).map(str::to_owned);
    let none = warning(&printed(&scratch, None)).unwrap();
    assert!(none.starts_with(&advice("pkg-config is missing, which finds OpenSSL")), "{none}");
    let bare = warning(&printed(&scratch, Some("#!/bin/sh\n[ \"$1\" = --version ]\n"))).unwrap();
    assert!(bare.starts_with(&advice("the development files of OpenSSL are missing")), "{bare}");
    assert_eq!(warning(&printed(&scratch, Some("#!/bin/sh\nexit 0\n"))), None);
}
