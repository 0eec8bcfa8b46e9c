//! What can be typed after `server stock`.

use clap::{Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum StockCommand {
    /// Put cards in stock, from a list (CSV) whose first line names its columns: "card id", "serial", "kind",
    /// "manufacturer", "model", "note".
    ///
    /// Without --apply it only shows what each row would come to. A card is named by its id, or by the serial printed on
    /// it together with its kind.
    Import {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// The list; `-`: standard input.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// What the serials are of, where the list has no column "kind".
        #[arg(long)]
        kind: Option<CardKind>,
        /// Put the new cards in stock; nothing is done where a row is refused.
        #[arg(long)]
        apply: bool,
    },
    /// List the cards in stock.
    List {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Take cards out of stock: they are assigned no more where a template demands stock. Cards that are assigned stay
    /// so.
    Remove {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Ids or serials, as "server stock list" shows them.
        #[arg(required = true)]
        cards: Vec<String>,
    },
}

/// Says by what a printed serial names a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CardKind {
    /// A YubiKey used as a PIV card: the number printed on it.
    Yubikey,
    /// Another PIV card: the serial that "token info" shows.
    Piv,
    /// A GIDS card: the serial that "token info" shows.
    Gids,
    /// A token behind a PKCS#11 module: serial, manufacturer and model that "token info" shows.
    Pkcs11,
}
