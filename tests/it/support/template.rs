//! The template that a new data directory begins with, as most tests have it: keys on a curve, which are made in no time
//! where RSA takes seconds, and people who need no UPN.

/// What marks a line of the shipped template that is the alternative of the one above it.
const ALTERNATIVE: &str = "# P-256: ";
/// The names that the shipped template demands or has, in the words that put them among the comments.
const NAMES: [&str; 2] = ["upn = ", "sid = "];

/// The shipped template with each marked line in the place of the one above it.
pub fn of_curve(shipped: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in shipped.lines() {
        match line.strip_prefix(ALTERNATIVE) {
            Some(other) => *lines.last_mut().unwrap() = other,
            None => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

/// That, with RSA allowed beside it, and with the names of Windows among the comments.
pub fn small(shipped: &str) -> String {
    let curve = "allowed = [{ algorithm = \"ECDSA\", minimum_size = 256 }]";
    let both =
        "allowed = [{ algorithm = \"ECDSA\", minimum_size = 256 }, { algorithm = \"RSA\", minimum_size = 2048 }]";
    let text = of_curve(shipped);
    assert!(text.contains(curve));
    let text = text.replacen(curve, both, 1);
    NAMES.iter().fold(text, |text, name| {
        let line = format!("\n{name}");
        assert_eq!(text.matches(&line).count(), 1, "{name}");
        text.replacen(&line, &format!("\n# {name}"), 1)
    })
}
