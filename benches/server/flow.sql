-- The rows of a flow as plain statements: three transactions, the reads before each, one act of the log in each. Each client
-- has a chain of its own and asks for no lock.
\set chain :client_id + 1000
SELECT uuid AS person FROM users WHERE name = 'olga' \gset
SELECT gen_random_uuid() AS request, gen_random_uuid() AS profile, gen_random_uuid() AS template \gset

BEGIN;
INSERT INTO requests (uuid, request_type, status, originator, target, profile_template, template_version, priority, comment, data, submitted, is_smartcard, is_enrollment_agent) VALUES (:request::uuid, 'enroll', 'approved', :person::uuid, :person::uuid, :template::uuid, 1, 0, '', '[]', 1, FALSE, FALSE);
UPDATE audit_chains SET length = length + 1, head = sha256('r') WHERE chain = :chain RETURNING length AS number \gset
INSERT INTO audit (chain, number, record, hash, mac) VALUES (:chain, :number, repeat('r', 500), sha256('r'), sha256('m'));
COMMIT;

SELECT uuid AS person FROM users WHERE uuid = :person::uuid \gset
SELECT uuid AS request FROM requests WHERE uuid = :request::uuid \gset
BEGIN;
UPDATE requests SET status = 'executing', new_profile = :profile::uuid, changes = changes + 1 WHERE uuid = :request::uuid AND status = 'approved';
INSERT INTO profiles (uuid, status, assigned_user, profile_template, template_version, comment) VALUES (:profile::uuid, 'new', :person::uuid, :template::uuid, 1, '');
INSERT INTO certificates (serial, request, profile, owner, template_common_name, thumbprint, public_key_sha256, csr_sha256, der, not_before, not_after, superseded) VALUES (uuid_send(:request::uuid), :request::uuid, :profile::uuid, :person::uuid, 'Bench', decode(repeat('00', 20), 'hex'), sha256(uuid_send(:request::uuid)), sha256('r'), decode(repeat('30', 500), 'hex'), 1, 2, FALSE);
INSERT INTO responses (serial, pkcs7) VALUES (uuid_send(:request::uuid), decode(repeat('30', 1600), 'hex'));
INSERT INTO profile_certificates (profile, serial, origin) VALUES (:profile::uuid, uuid_send(:request::uuid), 'client');
UPDATE audit_chains SET length = length + 1, head = sha256('r') WHERE chain = :chain RETURNING length AS number \gset
INSERT INTO audit (chain, number, record, hash, mac) VALUES (:chain, :number, repeat('r', 700), sha256('r'), sha256('m'));
COMMIT;

SELECT uuid AS person FROM users WHERE uuid = :person::uuid \gset
SELECT uuid AS request FROM requests WHERE uuid = :request::uuid \gset
BEGIN;
UPDATE profiles SET status = 'active', changes = changes + 1 WHERE uuid = :profile::uuid AND status = 'new';
UPDATE requests SET status = 'completed', completed = 2, changes = changes + 1 WHERE uuid = :request::uuid AND status = 'executing';
UPDATE audit_chains SET length = length + 1, head = sha256('r') WHERE chain = :chain RETURNING length AS number \gset
INSERT INTO audit (chain, number, record, hash, mac) VALUES (:chain, :number, repeat('r', 500), sha256('r'), sha256('m'));
COMMIT;
