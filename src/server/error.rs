//! Every refusal of the server, with its status and code: one table.
