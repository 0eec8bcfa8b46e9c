use super::*;
use cardwright::pkix::name;
use proptest::prelude::*;

#[test]
fn names_keep_order_repetition_and_script() {
    for text in [
        "CN=José Peña,OU=Users,OU=Sales,DC=corp,DC=example,DC=com",
        "CN=Jürgen \\+ Söhne\\, Ltd.,O=株式会社,C=JP",
        "CN=a+UID=b,DC=example",
        "CN=\\ padded\\ ,O=\\#1",
        "emailAddress=jose@corp.example,serialNumber=42,2.5.4.97=#0c0756415444452d31",
        "CN=bell\\07turn\\E2\\80\\AE",
        "",
    ] {
        assert_eq!(name::to_text(&name::parse(text).unwrap()), text);
    }
    let name = name::parse(" cn = Ann Example , OU=a;".trim_end_matches(';')).unwrap();
    assert_eq!(name::to_text(&name), "CN=Ann Example,OU=a");
    assert_eq!(
        name::to_text(&name::parse("CN=\\4a\\C3\\B6rg,OID.2.5.4.11=x,E=a@b.c,S=y").unwrap()),
        "CN=Jörg,OU=x,emailAddress=a@b.c,ST=y"
    );
    let name = name::parse("CN=x,DC=corp,DC=example").unwrap();
    assert_eq!(name::values(&name, "dc"), ["example", "corp"]);
}

#[test]
fn names_that_are_none_are_refused_with_their_place() {
    for (text, position) in [
        ("CN", 2),
        ("=x", 1),
        ("CN=", 3),
        ("CN=a,,O=b", 6),
        ("CN=a,", 5),
        ("XY=a", 3),
        ("CN=a;O=b", 5),
        ("CN=\\zz", 5),
        ("CN=\\ff", 6),
        ("CN=#zz", 6),
        ("CN=#0c05", 8),
        ("C=D_", 4),
        ("DC=münchen", 10),
        ("CN=\"a\"", 4),
    ] {
        refused!(name::parse(text), Error::Name { position: at, .. } if at == position);
    }
    refused!(name::parse(&"CN=a,".repeat(1000)), Error::TooLarge { .. });
}

proptest! {
    #[test]
    fn any_text_is_a_name_or_an_error(text in ".{0,60}") {
        if let Ok(name) = name::parse(&text) {
            prop_assert_eq!(name::parse(&name::to_text(&name)).unwrap(), name);
        }
    }

    #[test]
    fn any_value_survives_the_way_there_and_back(value in "[^\\x00]{1,40}") {
        let escaped: String = value.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let name = name::parse(&format!("CN={escaped},O=x")).unwrap();
        prop_assert_eq!(name::parse(&name::to_text(&name)).unwrap(), name.clone());
        prop_assert_eq!(name::values(&name, "CN"), vec![value]);
    }
}
