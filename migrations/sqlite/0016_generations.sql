-- What besides card id and master key a card's secrets are derived from: a random value, another one whenever the card
-- is assigned. NULL is the derivation of the releases before, which goes on until the card takes up another secret.
ALTER TABLE smartcards ADD COLUMN generation BLOB;
ALTER TABLE smartcards ADD COLUMN admin_generation BLOB;
ALTER TABLE smartcards ADD COLUMN admin_generation_next BLOB;
ALTER TABLE smartcards ADD COLUMN puk_generation BLOB;
ALTER TABLE smartcards ADD COLUMN puk_before_generation BLOB;
