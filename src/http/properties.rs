//! Properties of any header lines: those of the corpus, damaged ones, and random bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::head::{Fields, Malformed, is_method, is_name, is_uri, is_value, write_field, write_request_line};

type List = Vec<(Vec<u8>, Vec<u8>)>;

fn corpus() -> Vec<&'static [u8]> {
    include_str!("corpus.txt").lines().map(str::as_bytes).collect()
}

/// A line as `receive` returns it: not empty, without a line end.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<u16>(), any::<bool>(), proptest::sample::select(b": \t\0a,\x7f\xff".to_vec()));
    let damaged = (proptest::sample::select(corpus()), vec(change, 0..3)).prop_map(|(line, changes)| {
        let mut line = line.to_vec();
        for (place, inserts, byte) in changes {
            let place = usize::from(place) % (line.len() + 1);
            if inserts {
                line.insert(place, byte);
            } else if place < line.len() {
                line.remove(place);
            }
        }
        line
    });
    prop_oneof![8 => damaged, 1 => vec(any::<u8>(), 1..30)]
}

fn read(lines: &[Vec<u8>]) -> Result<List, Malformed> {
    let mut fields = Fields::new();
    for line in lines {
        fields.add(line)?;
    }
    fields.link();
    let mut list = List::new();
    let visited = fields.visit(&mut Vec::new(), |name, value| list.push((name.to_vec(), value.to_vec())));
    assert_eq!(visited, Ok(()));
    Ok(list)
}

/// A direct implementation of the contract: http.receive.10 to 13.
fn expected(lines: &[Vec<u8>]) -> Result<List, Malformed> {
    let blank = |byte: &u8| matches!(byte, 9..=13 | 32);
    let mut fields = List::new();
    for line in lines {
        if let (true, Some((_, value))) = (line.first().is_some_and(blank), fields.last_mut()) {
            value.extend_from_slice(line);
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':').ok_or(Malformed)?;
        let (name, value) = line.split_at(colon);
        let value = value.iter().skip(1).skip_while(|byte| blank(byte)).copied().collect();
        fields.push((name.to_ascii_lowercase(), value));
    }
    let mut joined = List::new();
    for (name, value) in fields {
        match joined.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.extend([b", ".to_vec(), value].concat()),
            None => joined.push((name, value)),
        }
    }
    Ok(joined)
}

proptest! {
    #[test]
    fn any_lines_are_read_by_the_contract(lines in vec(line(), 0..20)) {
        prop_assert_eq!(read(&lines), expected(&lines));
    }

    #[test]
    fn each_field_is_sent_as_one_line(
        method in vec(any::<u8>(), 0..8),
        uri in vec(any::<u8>(), 0..20),
        name in vec(any::<u8>(), 0..8),
        value in vec(any::<u8>(), 0..20),
    ) {
        let mut head = Vec::new();
        if is_method(&method) && is_uri(&uri) {
            write_request_line(&method, &uri, &mut head);
            prop_assert_eq!(head.iter().filter(|&&byte| matches!(byte, b'\r' | b'\n' | 0)).count(), 2);
            head.clear();
        }
        if is_name(&name) && is_value(&value) {
            write_field(&name, &value, &mut head);
            prop_assert!(head.ends_with(b"\r\n"));
            let line = head.strip_suffix(b"\r\n").unwrap_or_default();
            prop_assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)));
            let blanks = value.iter().take_while(|byte| matches!(byte, 9..=13 | 32)).count();
            let stripped = value.get(blanks..).unwrap_or_default().to_vec();
            prop_assert_eq!(read(&[line.to_vec()]), Ok(vec![(name.to_ascii_lowercase(), stripped)]));
        }
    }
}
