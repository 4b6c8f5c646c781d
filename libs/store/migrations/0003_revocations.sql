-- A right that ends closes the streams that were opened by it. The database itself writes down which: whatever ends a sign-in,
-- a request, an administrator, a cascade or a hand at psql, the Manager hears of it.

-- What a stream was opened by: a sign-in, in a role. Says nothing of the token, nor of its stored hash.
CREATE FUNCTION stream_grant(token_hash bytea, role text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT left(encode(sha256(token_hash || convert_to(role, 'UTF8')), 'hex'), 32) $$;

CREATE TABLE revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    viewer text NOT NULL CHECK (viewer ~ '^[0-9a-f]{32}$')   -- a viewer's id, or the grant by which viewers came
);
CREATE INDEX revocations_by_time ON revocations (at);

CREATE FUNCTION notify_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('oriel_revocations', '');
    RETURN NULL;
END $$;
CREATE TRIGGER revocations_added AFTER INSERT ON revocations FOR EACH STATEMENT EXECUTE FUNCTION notify_revocation();

CREATE FUNCTION revoke_sign_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO revocations (viewer) VALUES (stream_grant(OLD.token_hash, 'owner')), (stream_grant(OLD.token_hash, 'control'));
    RETURN NULL;
END $$;
CREATE TRIGGER sign_ins_ended AFTER DELETE ON sign_ins FOR EACH ROW EXECUTE FUNCTION revoke_sign_in();

-- Who is disabled or locked is signed out everywhere: being enabled again brings no old sign-in back.
CREATE FUNCTION sign_out_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM sign_ins WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_shut_out AFTER UPDATE OF disabled, locked ON users FOR EACH ROW
    WHEN ((NEW.disabled OR NEW.locked) AND NOT (OLD.disabled OR OLD.locked)) EXECUTE FUNCTION sign_out_user();

-- Who is no administrator any longer keeps their own sessions, and sees nobody else's. Judged when the transaction ends: a list
-- of groups may be written anew within it.
CREATE FUNCTION revoke_administration(user_at_hand uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO revocations (viewer)
    SELECT stream_grant(s.token_hash, 'control') FROM sign_ins s
    WHERE s.user_id = user_at_hand AND NOT EXISTS (
        SELECT 1 FROM user_groups u JOIN group_permissions p ON p.group_id = u.group_id
        WHERE u.user_id = user_at_hand AND p.permission = 200)
$$;
CREATE FUNCTION left_group() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM revoke_administration(OLD.user_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER user_groups_left AFTER DELETE OR UPDATE ON user_groups DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION left_group();
CREATE FUNCTION lost_permission() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM revoke_administration(u.user_id) FROM user_groups u WHERE u.group_id = OLD.group_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER group_permissions_lost AFTER DELETE OR UPDATE ON group_permissions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.permission = 200) EXECUTE FUNCTION lost_permission();

-- Nobody but these triggers calls them.
REVOKE EXECUTE ON FUNCTION revoke_administration(uuid) FROM PUBLIC;

GRANT SELECT, DELETE ON revocations TO oriel_manager;
