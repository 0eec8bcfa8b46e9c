//! Finds out what people and programs are to be told, and puts it into the outbox.
//!
//! In: the log of acts, the ends of certificates, tasks that fail; the `[notices]` table. Out: notices in the outbox.
//! An act and what is told of it cannot part: the log is the queue, each act stands in it by the transaction that has done
//! it, and how far it was told of moves in the transaction that puts the notices into the outbox. Servers that share a
//! database tell each act once. Absent: how it is sent, and in which words (`mail`).

mod acts;
pub mod draft;
mod ends;
pub mod people;
pub mod remind;
pub mod teller;
mod trouble;
