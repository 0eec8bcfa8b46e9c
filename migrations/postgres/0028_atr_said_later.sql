-- The answer to reset of a card that was assigned without one, as a client has said it later.
ALTER TABLE devices ADD COLUMN atr TEXT NOT NULL DEFAULT '';
