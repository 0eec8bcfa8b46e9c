//! A card that another program holds for a moment, and a server that refuses one call: at every step of every workflow.
//! It is said, not passed over, and nothing is lost by it.

use super::bench::{Bench, Face, PIN};
use super::fake::{Mischief, OWN_KEY};
use super::memory_rules::{Cipher, FACTORY_PUK, Rules};
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use cardwright::cm::problem::ProblemCode;
use cardwright::enrollment::{Event, Order};

/// More obstacles than any way has steps.
const MOST: usize = 80;

/// A way: what has happened before, what is done, and whether it is certain by then which key holds. Where it is not, a
/// try may have been lost to find out.
type Way = (Before, fn() -> Order, bool);
type Before = fn(&Bench, &mut MemoryToken);

fn nothing(_: &Bench, _: &mut MemoryToken) {}

fn enrolled(bench: &Bench, token: &mut MemoryToken) {
    bench.run(token, enroll()).unwrap().done();
}

/// Its change to an own admin key was never confirmed.
fn in_doubt(bench: &Bench, token: &mut MemoryToken) {
    enrolled(bench, token);
    bench.fake.propose_admin_key();
}

fn spoken(bench: &Bench, token: &mut MemoryToken) {
    enrolled(bench, token);
    bench.fake.secrets(|secrets| secrets.puk = "Spoken");
}

fn forgotten(bench: &Bench, token: &mut MemoryToken) {
    enrolled(bench, token);
    token.forget_pin();
}

const WAYS: [Way; 7] = [
    (nothing, enroll, true),
    (enrolled, renew, true),
    (forgotten, unblock, true),
    (enrolled, retire, true),
    (in_doubt, unblock, false),
    (in_doubt, retire, false),
    (spoken, renew, true),
];

fn kinds() -> [Rules; 4] {
    [
        Rules::pkcs11(),
        Rules::piv(Cipher::Aes),
        Rules { resets: true, ..Rules::bare_piv(Cipher::Des) },
        Rules { fixed_admin_key: true, ..Rules::gids() },
    ]
}

fn set_up(rules: Rules, before: Before) -> (Bench, MemoryToken) {
    let bench = Bench::new();
    bench.fake.state().reset_on_retire = rules.resets;
    let mut token = MemoryToken::of(rules);
    if rules.has_puk && !rules.tells_defaults {
        token.set_pin_to(PIN);
    }
    before(&bench, &mut token);
    bench.fake.behave(None);
    token.repair(None);
    (bench, token)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    BusyCard,
    Refusal,
}

/// What became of one obstacle: whether it lies beyond the way's end, what was told of it (`None`: the way went on to its
/// end), and the path of the server's call of that number, with how many calls of that path were before.
struct Met {
    beyond: bool,
    told: Option<&'static str>,
    path: String,
}

/// Meets with one obstacle, and then with none.
fn met(rules: Rules, (before, order, certain): Way, at: usize, obstacle: Obstacle) -> Met {
    let (bench, mut token) = set_up(rules, before);
    let asked = bench.fake.state().asked.len();
    match obstacle {
        Obstacle::BusyCard => token.repair(Some(Cut::Busy(at))),
        Obstacle::Refusal => bench.fake.behave(Some(Mischief::RefuseCall(at))),
    }
    let mut face = Face::default();
    let met = bench.run_with(&mut token, order(), &mut face);
    assert!(!face.events.contains(&Event::PresenceMissing), "nobody has asked for its presence");
    let path = {
        let state = bench.fake.state();
        let path = state.asked.get(asked + at).cloned().unwrap_or_default();
        let earlier = state.asked.iter().skip(asked).take(at).filter(|known| **known == path).count();
        format!("{path}#{earlier}")
    };
    let steps = if obstacle == Obstacle::BusyCard { token.operations() } else { bench.fake.calls() };
    bench.fake.behave(None);
    token.repair(None);
    let told = match met {
        Ok(end) => {
            end.done();
            None
        }
        Err(error) => {
            if certain {
                let end = bench.run_with(&mut token, order(), &mut Face::default());
                end.unwrap_or_else(|again| panic!("{path}: after {error:?}: {again:?}")).done();
            }
            Some(error.code())
        }
    };
    if certain {
        assert_eq!((bench.unfinished(), token.left()), (0, (TRIES, TRIES, TRIES)), "{path}");
    }
    Met { beyond: steps <= at, told, path }
}

/// Puts the obstacle at every step of every way on every kind of card; `judge` says whether it may be told so.
fn everywhere(obstacle: Obstacle, judge: fn(Order, &Met) -> bool) {
    for rules in kinds() {
        // A card that keeps its admin key is never in doubt.
        for way in WAYS.into_iter().filter(|(_, _, certain)| *certain || !rules.fixed_admin_key) {
            let met = (0..MOST).map(|at| met(rules, way, at, obstacle)).take_while(|met| !met.beyond);
            let wrong: Vec<_> = met.filter(|met| !judge(way.1(), met)).map(|met| (met.told, met.path)).collect();
            assert!(wrong.is_empty(), "{:?} {rules:?} {wrong:?}", way.1());
        }
    }
}

#[test]
fn a_card_that_is_held_for_a_moment_is_said_to_be() {
    everywhere(Obstacle::BusyCard, |_, met| met.told == Some("reader-busy"));
}

#[test]
fn what_the_server_refuses_is_not_passed_over() {
    everywhere(Obstacle::Refusal, |order, met| match met.told {
        Some(code) => matches!(code, "server-refused" | "admin-key-withheld"),
        // Only whether the way goes on at once; what a server of another maker tells only later; and help with a key that
        // a card may keep when it is retired.
        None => {
            met.path.contains("/policies/")
                || met.path.ends_with("generationoptions#0")
                || matches!(order, Order::Retire { .. })
                    && ["/adminkey#1", "/True#1"].iter().any(|end| met.path.ends_with(end))
        }
    });
}

/// What these cards keep, as they cannot show that they are there: their server asks for it, and they have no protocol.
#[test]
fn a_card_that_cannot_show_that_it_is_there_keeps_what_it_has() {
    let needed = |verb, end| Some(Mischief::RefuseAs(verb, end, ProblemCode::PresenceNeeded));
    let piv = Rules::piv(Cipher::Aes);
    let fixed = Rules { fixed_admin_key: true, ..Rules::gids() };
    let run = |rules: Rules, (before, order): (Before, fn() -> Order), mischief| {
        let (bench, mut token) = set_up(rules, before);
        bench.fake.behave(mischief);
        let mut face = Face::default();
        let end = bench.run_with(&mut token, order(), &mut face).map(|end| drop(end.done()));
        (end.map_err(|error| error.code()), token, face)
    };
    // A PUK that only another holder's card could ask for.
    for order in [renew, retire] {
        let (end, token, face) = run(piv, (enrolled, order), needed("GET", "/puk"));
        assert_eq!(end, Ok(()), "{:?}", order());
        assert_ne!(token.puk(), FACTORY_PUK);
        assert!(face.events.contains(&Event::PresenceMissing));
    }
    let (end, ..) = run(piv, (nothing, enroll), needed("GET", "/puk"));
    assert_eq!(end, Err("presence-needed"), "a new card is given a new PUK, or none");
    let keeps_none = Some(Mischief::RefuseAs("GET", "/puk", ProblemCode::NotDiversified));
    let (end, token, face) = run(piv, (nothing, enroll), keeps_none);
    assert_eq!((end, token.puk()), (Ok(()), FACTORY_PUK));
    assert!(!face.events.contains(&Event::PresenceMissing));
    // The admin key that it has.
    let (end, token, face) = run(Rules::gids(), (enrolled, retire), needed("PUT", "/adminkey"));
    assert_eq!((end, token.so_pin()), (Ok(()), &*hex::encode(OWN_KEY)));
    assert!(face.events.contains(&Event::AdminKeyKept));
    let (end, token, _) = run(Rules::gids(), (enrolled, renew), needed("GET", "/adminkey/next"));
    assert_eq!((end, token.so_pin()), (Ok(()), &*hex::encode(OWN_KEY)));
    // One that cannot change it says so; one that has changed it must be believed.
    let (end, ..) = run(fixed, (nothing, enroll), needed("PUT", "/adminkey"));
    assert_eq!(end, Ok(()));
    let (end, ..) = run(Rules::gids(), (nothing, enroll), needed("PUT", "/adminkey"));
    assert_eq!(end, Err("presence-needed"));
}

#[test]
fn a_card_in_doubt_that_cannot_show_that_it_is_there_is_unblocked_by_the_key_it_came_with() {
    let before = |bench: &Bench, token: &mut MemoryToken| {
        in_doubt(bench, token);
        token.set_so_pin(&Rules::gids().default_key());
        token.forget_pin();
    };
    let (bench, mut token) = set_up(Rules::gids(), before);
    bench.fake.behave(Some(Mischief::RefuseAs("GET", "/diversifiedkey", ProblemCode::PresenceNeeded)));
    bench.run(&mut token, unblock()).unwrap().done();
    assert_eq!((token.pin(), token.left()), (Some(PIN), (TRIES, TRIES, TRIES)));
}
