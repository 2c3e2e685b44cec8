//! Another implementation agrees: tungstenite reads the same bytes and comes to the same end.

use proptest::collection::vec;
use proptest::prelude::*;

use super::pieces::streams;
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn another_implementation_agrees(
        stream in streams(),
        len_max in prop_oneof![2 => Just(LEN_MAX), 1 => 0_usize..200],
        cuts in vec(any::<usize>(), 0..20),
    ) {
        judge::check(Role::Server, len_max, &stream, &cuts);
    }
}

#[test]
fn another_implementation_agrees_on_every_close_code() {
    for code in 0..=u16::MAX {
        judge::check(
            Role::Server,
            LEN_MAX,
            &frame(0x88, &code.to_be_bytes()),
            &[],
        );
    }
}
