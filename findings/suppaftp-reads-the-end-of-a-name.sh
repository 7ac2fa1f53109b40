#!/usr/bin/env bash
# suppaftp, Rust's FTP client, cannot read half of the lines in the RFC's own listings, and mailparse cuts names at ";".
#
# Guess:  a line of MLSD (RFC 3659 section 7) is read whatever facts it has, and the name is all behind the first space.
#         "cdir", "pdir" and OS-specific types are types (7.5.1), a time may have a fraction (2.3). An attachment's name
#         in quotes may hold ";" and an escaped quote (RFC 2045 section 5.1), and one in pieces is put together before
#         it is decoded (RFC 2231 section 4.1).
# Seen (suppaftp 6.3.0, mailparse 0.16.1): a name with ";" is its last piece alone. The line of the folder itself, one
#         of a link, one with a fraction, and each with UNIX.mode=0644, which ProFTPD and Pure-FTPd write, raise an
#         error. The name "a;b.txt" of an attachment is "a with the quote, the backslash of \" stays, and a letter in
#         two pieces becomes signs for unknown bytes.
# Who meets it: programs in Rust that mirror a server, or save attachments.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
suppaftp = { version = "=6.3.0", default-features = false }
mailparse = "=0.16.1"
TOML
cat > src/main.rs <<'RUST'
fn main() {
    for line in [
        "Type=file;Size=25730;Modify=19940728095854;Perm=; cap60.pl198.tar.gz",
        "Type=file;Size=2;Modify=19940728095854; one;two=3.txt",
        "Type=cdir;Modify=19981107085215;Perm=el; tmp",
        "Type=pdir;Modify=19990112030508;Perm=el; ..",
        "Type=OS.unix=slink:/foobar;Perm=; foobar",
        "Type=file;Modify=19990929003355.237; file1",
        "type=file;size=2;UNIX.mode=644; a",
        "type=file;size=2;UNIX.mode=0644; a",
    ] {
        match suppaftp::list::File::from_mlsx_line(line) {
            Ok(file) => println!("{line} -> {}", file.name()),
            Err(error) => println!("{line} -> {error:?}"),
        }
    }
    for value in [
        r#"attachment; filename="a b.txt""#,
        r#"attachment; filename="a;b.txt""#,
        r#"attachment; filename="a\"b.txt""#,
        "attachment; filename*=utf-8''%E2%82%AC.txt",
        "attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.txt",
    ] {
        println!("{value} -> {}", mailparse::parse_content_disposition(value).params["filename"]);
    }
}
RUST
cargo run --quiet | tee seen
cat > expected <<'EXPECTED'
Type=file;Size=25730;Modify=19940728095854;Perm=; cap60.pl198.tar.gz -> cap60.pl198.tar.gz
Type=file;Size=2;Modify=19940728095854; one;two=3.txt -> two=3.txt
Type=cdir;Modify=19981107085215;Perm=el; tmp -> SyntaxError
Type=pdir;Modify=19990112030508;Perm=el; .. -> SyntaxError
Type=OS.unix=slink:/foobar;Perm=; foobar -> SyntaxError
Type=file;Modify=19990929003355.237; file1 -> InvalidDate
type=file;size=2;UNIX.mode=644; a -> a
type=file;size=2;UNIX.mode=0644; a -> SyntaxError
attachment; filename="a b.txt" -> a b.txt
attachment; filename="a;b.txt" -> "a
attachment; filename="a\"b.txt" -> a\"b.txt
attachment; filename*=utf-8''%E2%82%AC.txt -> €.txt
attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.txt -> ��.txt
EXPECTED
diff expected seen && echo "as described: suppaftp 6.3.0, mailparse 0.16.1"
