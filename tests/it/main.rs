mod support;
mod token;
