-- Requests that wait for a decision, in the order in which a queue shows them: the most urgent first, of those the newest.
CREATE INDEX requests_waiting ON requests (status, priority, seq DESC) WHERE status = 'pending';
CREATE INDEX requests_waiting_template ON requests (profile_template, status, priority, seq DESC) WHERE status = 'pending';
CREATE INDEX requests_waiting_target ON requests (target, status, priority, seq DESC) WHERE status = 'pending';
CREATE INDEX requests_waiting_originator ON requests (originator, status, priority, seq DESC) WHERE status = 'pending';
