-- Each signed head covers the one before it, so it has one successor only. prior: the number of the one before, 0 where
-- there is none; NULL in those that were signed before heads were chained.
ALTER TABLE audit_signatures ADD COLUMN prior INTEGER;
CREATE UNIQUE INDEX audit_signatures_prior ON audit_signatures (chain, prior);
