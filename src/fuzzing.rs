//! The parsers of bytes from peers, each under the name of its fuzz target. `fuzz/` runs them with libFuzzer.
//! A test here runs them on the same corpora, damaged in many ways, for machines without libFuzzer.

/// A function that accepts any bytes, and fails when a property does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("certificate", crate::tls::fuzz::certificate),
    ("chunk_size", crate::http::fuzz::chunk_size),
    ("client_hello", crate::tls::fuzz::client_hello),
    ("codings", crate::codings::fuzz::body),
    #[cfg(feature = "cookies")]
    ("cookies", crate::cookies::fuzz::cookies),
    ("dates", crate::http::fuzz::dates),
    ("hosts_file", crate::socket::hosts::fuzz),
    ("idna", idna),
    ("mime", crate::mime::fuzz::codecs),
    ("request_head", crate::http::fuzz::request_head),
    ("response_head", crate::http::fuzz::response_head),
    ("urls", crate::url::fuzz::urls),
];

/// Runs a target by its name.
pub fn run(name: &str, data: &[u8]) {
    for (known, target) in TARGETS {
        if *known == name {
            target(data);
        }
    }
}

fn idna(data: &[u8]) {
    if let Some(ascii) = crate::idna::convert(data) {
        assert!(ascii.is_ascii());
        assert_eq!(crate::idna::convert(ascii.as_bytes()), Some(ascii), "a name in ASCII stays");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{TARGETS, Target};

    /// The number of inputs for each target: enough to hit simple mistakes, in a second at most.
    const ROUNDS: usize = 1500;

    fn corpus(name: &str) -> Vec<Vec<u8>> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
        let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        paths.iter().filter_map(|path| fs::read(path).ok()).collect()
    }

    /// Marsaglia's xorshift generator. Every run gets the same inputs.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % limit.max(1) as u64) as usize
        }
    }

    /// A corpus input with bytes changed, inserted, removed or repeated, or with the start of another input
    /// appended.
    fn damaged(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
        let mut data = inputs.get(random.below(inputs.len())).cloned().unwrap_or_default();
        for _ in 0..=random.below(4) {
            let at = random.below(data.len() + 1);
            let byte = random.below(256) as u8;
            match random.below(6) {
                0 => data.insert(at, byte),
                1 => data.truncate(at),
                2 => {
                    let piece =
                        data.get(at..data.len().min(at + random.below(20))).unwrap_or_default().to_vec();
                    data.splice(at..at, piece);
                }
                3 => {
                    let other = inputs.get(random.below(inputs.len())).cloned().unwrap_or_default();
                    let end = random.below(other.len() + 1);
                    data.extend_from_slice(other.get(..end).unwrap_or_default());
                }
                _ => {
                    if let Some(place) = data.get_mut(at) {
                        *place = if random.below(2) == 0 { byte } else { *place ^ (1 << random.below(8)) };
                    }
                }
            }
        }
        data
    }

    fn drive(name: &str, target: Target) {
        let inputs = corpus(name);
        for input in &inputs {
            target(input);
        }
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..ROUNDS {
            target(&damaged(&inputs, &mut random));
        }
    }

    #[test]
    fn every_target_holds_for_its_corpus_and_for_damaged_inputs() {
        for (name, target) in TARGETS {
            drive(name, *target);
        }
    }

    #[test]
    fn every_target_has_a_file_and_a_corpus() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        // The published package has no `fuzz` folder.
        if !root.exists() {
            return;
        }
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
        for (name, _) in TARGETS {
            assert!(root.join("fuzz_targets").join(name).with_extension("rs").is_file(), "{name}");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(!corpus(name).is_empty(), "{name}");
        }
    }
}
