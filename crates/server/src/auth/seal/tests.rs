//! The table of forgeries.

use super::*;

const NOW: u64 = 1_000_000;

fn seal() -> Seal {
    Seal::new(Key::from_bytes([7; 32]))
}

fn claims() -> Claims {
    Claims {
        id: 0x0123_4567_89ab_cdef,
        name: "민지".to_owned(),
        expires_at: NOW + 60,
    }
}

fn token() -> String {
    seal().seal(Purpose::AccessToken, &claims())
}

#[test]
fn a_token_says_what_was_sealed_until_it_expires() {
    let open = |now| seal().open(Purpose::AccessToken, &token(), now);
    assert_eq!(open(0), Ok(claims()));
    assert_eq!(open(NOW), Ok(claims()));
    assert_eq!(open(NOW + 59), Ok(claims()));
    assert_eq!(open(NOW + 60), Err(TokenError::Expired));
    assert_eq!(open(u64::MAX), Err(TokenError::Expired));
}

#[test]
fn a_token_with_any_byte_changed_is_refused() {
    let token = token();
    for index in 0..token.len() {
        for replacement in ['A', 'B', '.', '=', '\u{7f}'] {
            let mut forged = token.clone();
            forged.replace_range(index..=index, &replacement.to_string());
            if forged != token {
                let result = seal().open(Purpose::AccessToken, &forged, NOW);
                assert!(result.is_err(), "{forged}");
                assert_ne!(result, Err(TokenError::Expired), "{forged}");
            }
        }
    }
}

#[test]
fn a_truncated_token_is_refused() {
    let token = token();
    for len in 0..token.len() {
        assert!(
            seal()
                .open(Purpose::AccessToken, &token[..len], NOW)
                .is_err(),
            "{len}"
        );
    }
}

#[test]
fn a_forged_token_is_refused() {
    let check = |forged: &str, error| {
        let result = seal().open(Purpose::AccessToken, forged, NOW);
        assert_eq!(result, Err(error), "{:.80}", forged);
    };
    let token = token();
    let (payload, mac) = token.split_once('.').expect("two parts");

    let cookie = seal().seal(Purpose::GuestCookie, &claims());
    check(&cookie, TokenError::BadSignature);
    let stranger = Seal::new(Key::from_bytes([8; 32])).seal(Purpose::AccessToken, &claims());
    check(&stranger, TokenError::BadSignature);
    let future = Claims {
        expires_at: u64::MAX,
        ..claims()
    };
    let future = BASE64.encode(serde_json::to_vec(&future).expect("plain data"));
    check(&format!("{future}.{mac}"), TokenError::BadSignature);

    check(&format!("{payload}."), TokenError::BadSignature);
    check(&format!(".{mac}"), TokenError::BadSignature);
    check(&format!("{payload}.{mac}="), TokenError::Malformed);
    check(&format!("{payload}.{mac}.{mac}"), TokenError::Malformed);
    check(
        &format!("{payload}.{}", BASE64.encode([0; 31])),
        TokenError::BadSignature,
    );
    check(payload, TokenError::Malformed);
    check("", TokenError::Malformed);
    check(".", TokenError::BadSignature);
    check("eyJhbGciOiJub25lIn0.eyJpZCI6IjEifQ.", TokenError::Malformed);
    check(&token.repeat(1 << 16), TokenError::Malformed);
}

#[test]
fn a_signed_text_that_is_not_ours_is_malformed_and_no_panic() {
    let check = |json: &str| {
        let payload = BASE64.encode(json);
        let mac = seal()
            .mac(Purpose::AccessToken, &payload)
            .finalize()
            .into_bytes();
        let sealed = format!("{payload}.{}", BASE64.encode(mac));
        let result = seal().open(Purpose::AccessToken, &sealed, NOW);
        assert_eq!(result, Err(TokenError::Malformed), "{json}");
    };
    check("");
    check("{}");
    check(r#"{"id":"zz","name":"a","exp":2000000}"#);
    check(r#"{"id":1,"name":"a","exp":2000000}"#);
    check(r#"{"id":"1","name":"a","exp":-1}"#);
}

#[test]
fn the_longest_name_fits_into_a_token() {
    let claims = |name: &str| Claims {
        id: u64::MAX,
        name: name.repeat(32),
        expires_at: u64::MAX,
    };
    for claims in [claims("\u{10ffff}"), claims("\"")] {
        let sealed = seal().seal(Purpose::AccessToken, &claims);
        assert_eq!(seal().open(Purpose::AccessToken, &sealed, NOW), Ok(claims));
    }
}

#[test]
fn a_token_and_a_key_do_not_show_in_debug_output() {
    assert_eq!(
        format!("{:?}", AccessToken::new(token())),
        "AccessToken(***)"
    );
    assert_eq!(format!("{:?}", seal()), "Seal(Key(***))");
}
