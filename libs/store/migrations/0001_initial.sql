-- The whole of what Oriel must not lose. Ids are uuid, shown as 32 hex digits. Applied by oriel-setup as role oriel_owner.

CREATE TABLE installation (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    instance text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settings (
    name text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE zones (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE groups (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text NOT NULL DEFAULT '',
    priority integer NOT NULL DEFAULT 100,
    system boolean NOT NULL DEFAULT false,
    session_limit integer CHECK (session_limit >= 0),
    keepalive_seconds integer CHECK (keepalive_seconds > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE group_permissions (
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    permission integer NOT NULL,
    PRIMARY KEY (group_id, permission)
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    username text NOT NULL,
    username_key text NOT NULL UNIQUE,          -- case-folded
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    organization text NOT NULL DEFAULT '',
    notes text NOT NULL DEFAULT '',
    realm text NOT NULL DEFAULT 'local',
    password_hash text,                          -- argon2id PHC string; null: no local sign-in
    locked boolean NOT NULL DEFAULT false,
    disabled boolean NOT NULL DEFAULT false,
    anonymous boolean NOT NULL DEFAULT false,
    last_session_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE user_groups (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX user_groups_by_group ON user_groups (group_id);

-- Browser sign-ins. The cookie's token is never stored, only its keyed hash.
CREATE TABLE sign_ins (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    address text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    session_id uuid                               -- a connect link's sign-in is bound to one session
);
CREATE INDEX sign_ins_by_user ON sign_ins (user_id);

-- Single-use tokens with one purpose each: connect links, agent enrolment.
CREATE TABLE one_time_tokens (
    token_hash bytea PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose IN ('connect', 'enrol')),
    user_id uuid REFERENCES users ON DELETE CASCADE,
    session_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    key text NOT NULL UNIQUE,
    secret_hash bytea NOT NULL,                   -- keyed hash
    enabled boolean NOT NULL DEFAULT true,
    read_only boolean NOT NULL DEFAULT false,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE api_key_permissions (
    api_key_id uuid NOT NULL REFERENCES api_keys ON DELETE CASCADE,
    permission integer NOT NULL,
    PRIMARY KEY (api_key_id, permission)
);

-- Workspaces. `reference` is what the engine knows; the manifest is what the image says of itself.
CREATE TABLE images (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    friendly_name text NOT NULL,
    description text NOT NULL DEFAULT '',
    categories text[] NOT NULL DEFAULT '{}',
    icon_svg text NOT NULL DEFAULT '',
    hue integer NOT NULL DEFAULT 275,
    enabled boolean NOT NULL DEFAULT true,
    hidden boolean NOT NULL DEFAULT false,
    reference text NOT NULL,
    docker_id text,                               -- pinned id of an image that `./up` built on this host
    digest text,                                  -- pinned digest of a registry's image
    registry_server text,
    registry_username text,
    registry_password_sealed bytea,               -- secretbox with the installation's key
    cores numeric(6,2) NOT NULL DEFAULT 2 CHECK (cores > 0),
    memory_bytes bigint NOT NULL DEFAULT 2147483648 CHECK (memory_bytes > 0),
    shm_bytes bigint NOT NULL DEFAULT 268435456,
    pids integer NOT NULL DEFAULT 512,
    network text NOT NULL DEFAULT 'internet',
    environment jsonb NOT NULL DEFAULT '{}',
    run_config jsonb NOT NULL DEFAULT '{}',
    exec_config jsonb NOT NULL DEFAULT '{}',
    manifest jsonb NOT NULL DEFAULT '{}',
    zone_id uuid REFERENCES zones,
    session_time_limit_seconds integer,
    session_limit integer,
    position integer NOT NULL DEFAULT 100,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE image_groups (
    image_id uuid NOT NULL REFERENCES images ON DELETE CASCADE,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (image_id, group_id)
);

CREATE TABLE agents (
    id uuid PRIMARY KEY,
    hostname text NOT NULL,
    zone_id uuid NOT NULL REFERENCES zones,
    public_key bytea NOT NULL,
    certificate_pem text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    state text NOT NULL DEFAULT 'unreachable' CHECK (state IN ('online', 'suspect', 'unreachable')),
    last_seen_at timestamptz,
    version text NOT NULL DEFAULT '',
    cores_override numeric(8,2),
    memory_override_bytes bigint,
    resources jsonb NOT NULL DEFAULT '{}',
    images jsonb NOT NULL DEFAULT '[]',
    networks jsonb NOT NULL DEFAULT '[]',
    channel_epoch bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    image_id uuid NOT NULL REFERENCES images,
    desired text NOT NULL DEFAULT 'running' CHECK (desired IN ('running', 'ended')),
    state text NOT NULL DEFAULT 'requested' CHECK (state IN
        ('requested', 'placed', 'starting', 'running', 'paused', 'stopped', 'ending', 'ended', 'failed')),
    generation bigint NOT NULL DEFAULT 1,          -- grows with every change of state or desire; compare-and-set
    attempt integer NOT NULL DEFAULT 0,
    deadline timestamptz,                          -- of a transitional state
    reason_code text,
    reason text,
    step text NOT NULL DEFAULT 'requested',
    progress integer NOT NULL DEFAULT 0,
    placement jsonb,                               -- why nothing fitted, server by server
    log_tail text,
    agent_id uuid REFERENCES agents,
    cores numeric(6,2) NOT NULL,                   -- what is reserved, copied from the image at launch
    memory_bytes bigint NOT NULL,
    container_id text,
    runtime text,
    client_protocol integer NOT NULL DEFAULT 1,
    width integer NOT NULL DEFAULT 1920,
    height integer NOT NULL DEFAULT 1080,
    locale text NOT NULL DEFAULT 'en_US.UTF-8',
    timezone text NOT NULL DEFAULT 'UTC',
    open_url text,
    environment jsonb NOT NULL DEFAULT '{}',
    viewers integer NOT NULL DEFAULT 0,
    last_input_at timestamptz,
    cpu real NOT NULL DEFAULT 0,
    memory_used_bytes bigint NOT NULL DEFAULT 0,
    share_id text UNIQUE,
    launch jsonb NOT NULL DEFAULT '{}',            -- the workspace as it was at launch: reference, ids, shm_bytes, pids, network, environment
    request_key text,                              -- the client's Idempotency-Key: a retry finds the same session
    keepalive_seconds integer NOT NULL DEFAULT 3600,
    time_limit_seconds integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    placed_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    released_at timestamptz,                       -- nothing of it is left on its server; until then its resources stay reserved
    keepalive_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- of this row, set by a trigger: what the poll behind NOTIFY reads
    UNIQUE (user_id, request_key)
);
CREATE INDEX sessions_by_change ON sessions (changed_at);
CREATE INDEX sessions_live ON sessions (user_id) WHERE state NOT IN ('ended', 'failed');
CREATE INDEX sessions_held ON sessions (agent_id) WHERE agent_id IS NOT NULL AND released_at IS NULL;
CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE state NOT IN ('ended', 'failed') AND desired = 'running';
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_by_user ON sessions (user_id, created_at DESC);
CREATE INDEX sessions_unsettled ON sessions (deadline) WHERE state IN ('requested', 'placed', 'starting', 'ending');

CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL DEFAULT 1,
    expires_at timestamptz NOT NULL
);

CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_kind text NOT NULL,                      -- user, api_key, manager, agent, setup
    actor_id uuid,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    address text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_by_time ON audit (at DESC);

CREATE FUNCTION notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('oriel_sessions', replace(NEW.id::text, '-', ''));
    RETURN NULL;
END $$;
CREATE FUNCTION stamp_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD IS DISTINCT FROM NEW THEN
        NEW.changed_at = clock_timestamp();
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER sessions_stamped BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION stamp_session();
CREATE TRIGGER sessions_added AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION notify_session();
CREATE TRIGGER sessions_changed AFTER UPDATE ON sessions FOR EACH ROW
    WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION notify_session();

CREATE FUNCTION notify_agent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('oriel_agents', replace(NEW.id::text, '-', ''));
    RETURN NULL;
END $$;
CREATE TRIGGER agents_added AFTER INSERT ON agents FOR EACH ROW EXECUTE FUNCTION notify_agent();
-- A heartbeat alone (last_seen_at, resources) is no news.
CREATE TRIGGER agents_changed AFTER UPDATE ON agents FOR EACH ROW
    WHEN ((OLD.state, OLD.enabled, OLD.images, OLD.networks, OLD.zone_id, OLD.hostname, OLD.version)
          IS DISTINCT FROM (NEW.state, NEW.enabled, NEW.images, NEW.networks, NEW.zone_id, NEW.hostname, NEW.version))
    EXECUTE FUNCTION notify_agent();

CREATE FUNCTION notify_images() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('oriel_images', '');
    RETURN NULL;
END $$;
CREATE TRIGGER images_changed AFTER INSERT OR UPDATE OR DELETE ON images FOR EACH STATEMENT EXECUTE FUNCTION notify_images();
CREATE TRIGGER image_groups_changed AFTER INSERT OR UPDATE OR DELETE ON image_groups FOR EACH STATEMENT EXECUTE FUNCTION notify_images();

-- Roles are made by oriel-setup with passwords of their own; agents have none.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO oriel_api;
REVOKE DELETE, UPDATE ON audit FROM oriel_api;
REVOKE INSERT, UPDATE, DELETE ON schema_migrations, installation FROM oriel_api;
REVOKE INSERT, UPDATE, DELETE ON agents, leases FROM oriel_api;
GRANT UPDATE (enabled, zone_id, cores_override, memory_override_bytes) ON agents TO oriel_api;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO oriel_manager;
REVOKE SELECT ON users, sign_ins, api_keys, api_key_permissions FROM oriel_manager;
GRANT SELECT (id, username, disabled, locked) ON users TO oriel_manager;
GRANT UPDATE, DELETE ON sessions, one_time_tokens TO oriel_manager;
GRANT UPDATE ON images TO oriel_manager;
GRANT SELECT, INSERT, UPDATE, DELETE ON agents, leases TO oriel_manager;
GRANT INSERT ON audit TO oriel_manager;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO oriel_api, oriel_manager;
