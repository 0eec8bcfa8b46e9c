-- What besides card id and master key a card's secrets are derived from: a random value, another one whenever the card
-- is assigned. NULL is the derivation of the releases before, which goes on until the card takes up another secret.
ALTER TABLE smartcards ADD COLUMN generation UUID;
ALTER TABLE smartcards ADD COLUMN admin_generation UUID;
ALTER TABLE smartcards ADD COLUMN admin_generation_next UUID;
ALTER TABLE smartcards ADD COLUMN puk_generation UUID;
ALTER TABLE smartcards ADD COLUMN puk_before_generation UUID;
