//! The `cardwright` program.

fn main() -> std::process::ExitCode {
    cardwright::cli::main()
}
