-- The lab's own catalogue and functions: made once, in every cluster.
CREATE SCHEMA lab;
CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA lab;
CREATE COLLATION lab.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN lab.name AS text COLLATE lab.ci;
CREATE SEQUENCE lab.object_ids START 1900000000 MINVALUE 1900000000 MAXVALUE 2147483647;

CREATE TABLE lab.databases (database_id int PRIMARY KEY, name lab.name NOT NULL UNIQUE, read_only boolean NOT NULL DEFAULT false,
    create_date timestamp(3) NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'));
CREATE TABLE lab.schemas (db lab.name NOT NULL, schema_id int NOT NULL, name lab.name NOT NULL, owner lab.name NOT NULL DEFAULT 'dbo',
    PRIMARY KEY (db, name));
CREATE TABLE lab.objects (object_id int PRIMARY KEY, db lab.name NOT NULL, schema_name lab.name NOT NULL, name lab.name NOT NULL,
    type text NOT NULL, parent_object_id int NOT NULL DEFAULT 0, target text,
    create_date timestamp(3) NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    modify_date timestamp(3) NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'));
CREATE UNIQUE INDEX objects_name ON lab.objects (db, schema_name, name);
CREATE INDEX objects_parent ON lab.objects (parent_object_id);
CREATE TABLE lab.columns (object_id int NOT NULL, column_id int NOT NULL, attnum int NOT NULL, name lab.name NOT NULL,
    type text NOT NULL, length int NOT NULL, prec int NOT NULL, scale int NOT NULL, nullable boolean NOT NULL,
    identity boolean NOT NULL DEFAULT false, seed bigint, increment bigint, computed text, persisted boolean NOT NULL DEFAULT false,
    default_object_id int NOT NULL DEFAULT 0, PRIMARY KEY (object_id, column_id));
CREATE TABLE lab.defaults (object_id int PRIMARY KEY, parent int NOT NULL, column_id int NOT NULL, definition text NOT NULL);
CREATE TABLE lab.checks (object_id int PRIMARY KEY, parent int NOT NULL, column_id int NOT NULL, definition text NOT NULL,
    expression text NOT NULL, disabled boolean NOT NULL DEFAULT false, untrusted boolean NOT NULL DEFAULT false);
CREATE TABLE lab.foreign_keys (object_id int PRIMARY KEY, parent int NOT NULL, referenced int NOT NULL,
    on_delete text NOT NULL, on_update text NOT NULL, definition text NOT NULL,
    disabled boolean NOT NULL DEFAULT false, untrusted boolean NOT NULL DEFAULT false);
CREATE TABLE lab.foreign_key_columns (object_id int NOT NULL, ordinal int NOT NULL, parent_column_id int NOT NULL,
    referenced_column_id int NOT NULL);
CREATE TABLE lab.indexes (object_id int NOT NULL, index_id int NOT NULL, name lab.name NOT NULL, pg_name text NOT NULL,
    clustered boolean NOT NULL, is_unique boolean NOT NULL, is_primary boolean NOT NULL, is_constraint boolean NOT NULL,
    filter text, disabled boolean NOT NULL DEFAULT false, PRIMARY KEY (object_id, index_id));
CREATE TABLE lab.index_columns (object_id int NOT NULL, index_id int NOT NULL, ordinal int NOT NULL, column_id int NOT NULL,
    descending boolean NOT NULL, included boolean NOT NULL);
CREATE TABLE lab.modules (object_id int PRIMARY KEY, definition text NOT NULL, quoted boolean NOT NULL, ansi_nulls boolean NOT NULL,
    schemabinding boolean NOT NULL, disabled boolean NOT NULL DEFAULT false, events text NOT NULL DEFAULT '');
CREATE TABLE lab.parameters (object_id int NOT NULL, parameter_id int NOT NULL, name text NOT NULL, type text NOT NULL,
    length int NOT NULL, prec int NOT NULL, scale int NOT NULL, output boolean NOT NULL, has_default boolean NOT NULL);
CREATE TABLE lab.dependencies (referencing int NOT NULL, schema_name lab.name, entity lab.name NOT NULL);
CREATE TABLE lab.principals (db lab.name NOT NULL, principal_id int NOT NULL, name lab.name NOT NULL, type text NOT NULL,
    PRIMARY KEY (db, name));
CREATE TABLE lab.members (db lab.name NOT NULL, role lab.name NOT NULL, member lab.name NOT NULL, PRIMARY KEY (db, role, member));
CREATE TABLE lab.permissions (db lab.name NOT NULL, principal lab.name NOT NULL, permission text NOT NULL, class text NOT NULL,
    target lab.name NOT NULL, state text NOT NULL, PRIMARY KEY (db, principal, permission, class, target));
CREATE TABLE lab.types (name text PRIMARY KEY, system_type_id int NOT NULL, max_length int NOT NULL, precision int NOT NULL, scale int NOT NULL);

-- Triggers of the T-SQL kind run in the lab; PostgreSQL only hands over the rows. No column of a table has the alias's name.
CREATE FUNCTION lab.capture() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE i text; d text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg("lab row")::text INTO i FROM lab_new AS "lab row";
        PERFORM set_config('lab.insert_i', coalesce(i, ''), false);
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg("lab row")::text INTO i FROM lab_new AS "lab row";
        SELECT array_agg("lab row")::text INTO d FROM lab_old AS "lab row";
        PERFORM set_config('lab.update_i', coalesce(i, ''), false), set_config('lab.update_d', coalesce(d, ''), false);
    ELSE
        SELECT array_agg("lab row")::text INTO d FROM lab_old AS "lab row";
        PERFORM set_config('lab.delete_d', coalesce(d, ''), false);
    END IF;
    RETURN NULL;
END $$;
CREATE SEQUENCE lab.rowversions START 2001;

-- Operators that T-SQL has and PostgreSQL lacks.
CREATE FUNCTION lab.plus(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 || $2';
CREATE OPERATOR public.+ (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.plus);
CREATE FUNCTION lab.plus(bytea, bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 || $2';
CREATE OPERATOR public.+ (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = lab.plus);

-- Aggregates whose type differs.
CREATE FUNCTION lab.to_int4(int8) RETURNS int4 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::int4';
CREATE FUNCTION lab.add8(int8, int4) RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE coalesce($1, 0) + $2 END';
CREATE AGGREGATE lab.sum(int4) (SFUNC = lab.add8, STYPE = int8, FINALFUNC = lab.to_int4);
CREATE FUNCTION lab.add88(int8, int8) RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE coalesce($1, 0) + $2 END';
CREATE AGGREGATE lab.sum(int8) (SFUNC = lab.add88, STYPE = int8);
CREATE AGGREGATE lab.sum(numeric) (SFUNC = numeric_add, STYPE = numeric);
CREATE AGGREGATE lab.sum(float8) (SFUNC = float8pl, STYPE = float8);
CREATE FUNCTION lab.avg_step(int8[], int8) RETURNS int8[] LANGUAGE sql IMMUTABLE AS
    'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE FUNCTION lab.avg_end(int8[]) RETURNS int8 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1[2] = 0 THEN NULL ELSE $1[1] / $1[2] END';
CREATE FUNCTION lab.avg_end4(int8[]) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1[2] = 0 THEN NULL ELSE ($1[1] / $1[2])::int4 END';
CREATE FUNCTION lab.avg_step4(int8[], int4) RETURNS int8[] LANGUAGE sql IMMUTABLE AS
    'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE AGGREGATE lab.avg(int8) (SFUNC = lab.avg_step, STYPE = int8[], INITCOND = '{0,0}', FINALFUNC = lab.avg_end);
CREATE AGGREGATE lab.avg(int4) (SFUNC = lab.avg_step4, STYPE = int8[], INITCOND = '{0,0}', FINALFUNC = lab.avg_end4);
CREATE FUNCTION lab.navg_end(numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1[2] = 0 THEN NULL ELSE round($1[1] / $1[2], 6) END';
CREATE FUNCTION lab.navg_step(numeric[], numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE AS
    'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE AGGREGATE lab.avg(numeric) (SFUNC = lab.navg_step, STYPE = numeric[], INITCOND = '{0,0}', FINALFUNC = lab.navg_end);
CREATE FUNCTION lab.favg_end(float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT CASE WHEN $1[2] = 0 THEN NULL ELSE $1[1] / $1[2] END';
CREATE FUNCTION lab.favg_step(float8[], float8) RETURNS float8[] LANGUAGE sql IMMUTABLE AS
    'SELECT CASE WHEN $2 IS NULL THEN $1 ELSE ARRAY[$1[1] + $2, $1[2] + 1] END';
CREATE AGGREGATE lab.avg(float8) (SFUNC = lab.favg_step, STYPE = float8[], INITCOND = '{0,0}', FINALFUNC = lab.favg_end);

-- Conversions are in conversions.sql and dates.sql.
CREATE FUNCTION lab.utf16(text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(string_agg(CASE WHEN a < 65536 THEN decode(lpad(to_hex(((a & 255) << 8) | (a >> 8)), 4, '0'), 'hex')
        ELSE decode(lpad(to_hex((((55296 + ((a - 65536) >> 10)) & 255) << 8) | ((55296 + ((a - 65536) >> 10)) >> 8)), 4, '0')
            || lpad(to_hex((((56320 + ((a - 65536) & 1023)) & 255) << 8) | ((56320 + ((a - 65536) & 1023)) >> 8)), 4, '0'), 'hex') END,
        ''::bytea ORDER BY o), ''::bytea)
    FROM (SELECT ascii(c) AS a, o FROM unnest(string_to_array($1 COLLATE "C", NULL)) WITH ORDINALITY u(c, o)) x $$;
CREATE FUNCTION lab.hashbytes(algorithm text, value bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT lab.digest($2, CASE upper($1) WHEN 'SHA2_256' THEN 'sha256' WHEN 'SHA2_512' THEN 'sha512' WHEN 'SHA' THEN 'sha1' ELSE lower($1) END) $$;

-- Strings; the rest is in strings.sql.
CREATE FUNCTION lab.like_pattern(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE out text := '^'; c text; i int := 1; n int := length($1); e int;
BEGIN
    WHILE i <= n LOOP
        c := substr($1, i, 1);
        IF $2 <> '' AND c = $2 THEN
            i := i + 1; out := out || regexp_replace(substr($1, i, 1) COLLATE "C", '([^[:alnum:]])', '\\\1');
        ELSIF c = '%' THEN out := out || '.*';
        ELSIF c = '_' THEN out := out || '.';
        ELSIF c = '[' AND strpos(substr($1, i + 1) COLLATE "C", ']') > 0 THEN
            e := strpos(substr($1, i + 1) COLLATE "C", ']');
            out := out || '[' || regexp_replace(substr($1, i + 1, e - 1) COLLATE "C", '([\\\[])', '\\\1', 'g') || ']';
            i := i + e;
        ELSE out := out || regexp_replace(c COLLATE "C", '([^[:alnum:]])', '\\\1');
        END IF;
        i := i + 1;
    END LOOP;
    RETURN out || '$';
END $$;
CREATE FUNCTION lab.is_like(text, text, text DEFAULT '') RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT $1 COLLATE "default" ~* lab.like_pattern($2, $3) $$;
CREATE FUNCTION lab.string_split(text, text) RETURNS TABLE (value text, ordinal bigint) LANGUAGE sql IMMUTABLE AS
    $$ SELECT v, o FROM unnest(string_to_array($1 COLLATE "C", $2 COLLATE "C")) WITH ORDINALITY u(v, o) $$;
CREATE FUNCTION lab.round(numeric, int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS 'SELECT round($1, $2)';
CREATE FUNCTION lab.json_value(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT jsonb_path_query_first($1::jsonb, ('lax ' || regexp_replace($2, '^(lax|strict) ', ''))::jsonpath) #>> '{}' $$;
CREATE FUNCTION lab.json_query(text, text DEFAULT '$') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE WHEN jsonb_typeof(j) IN ('object', 'array') THEN j::text END FROM jsonb_path_query_first($1::jsonb, $2::jsonpath) j $$;
CREATE FUNCTION lab.isjson(text) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT AS
    $$ BEGIN PERFORM $1::jsonb; RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 0; END $$;
CREATE FUNCTION lab.openjson(text) RETURNS TABLE (key text, value text, type int) LANGUAGE sql IMMUTABLE AS $$
    SELECT k, v #>> '{}', CASE jsonb_typeof(v) WHEN 'null' THEN 0 WHEN 'string' THEN 1 WHEN 'number' THEN 2 WHEN 'boolean' THEN 3 WHEN 'array' THEN 4 ELSE 5 END
    FROM (SELECT (o - 1)::text AS k, e AS v FROM jsonb_array_elements(CASE WHEN jsonb_typeof($1::jsonb) = 'array' THEN $1::jsonb ELSE '[]' END) WITH ORDINALITY a(e, o)
        UNION ALL SELECT x.k, x.v FROM jsonb_each(CASE WHEN jsonb_typeof($1::jsonb) = 'object' THEN $1::jsonb ELSE '{}' END) x(k, v)) y $$;

-- Time.
CREATE FUNCTION lab.datediff(part text, a timestamp, b timestamp) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE
        WHEN part IN ('year', 'yy', 'yyyy') THEN extract(year FROM b)::int8 - extract(year FROM a)::int8
        WHEN part IN ('quarter', 'qq', 'q') THEN (extract(year FROM b) * 4 + extract(quarter FROM b))::int8 - (extract(year FROM a) * 4 + extract(quarter FROM a))::int8
        WHEN part IN ('month', 'mm', 'm') THEN (extract(year FROM b) * 12 + extract(month FROM b))::int8 - (extract(year FROM a) * 12 + extract(month FROM a))::int8
        WHEN part IN ('week', 'wk', 'ww') THEN (date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date)::int8 / 7
        WHEN part IN ('day', 'dd', 'd', 'dayofyear', 'dy', 'y', 'weekday', 'dw', 'w') THEN (b::date - a::date)::int8
        WHEN part IN ('hour', 'hh') THEN extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a))::int8 / 3600
        WHEN part IN ('minute', 'mi', 'n') THEN extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a))::int8 / 60
        WHEN part IN ('second', 'ss', 's') THEN extract(epoch FROM date_trunc('second', b) - date_trunc('second', a))::int8
        WHEN part IN ('millisecond', 'ms') THEN (extract(epoch FROM date_trunc('milliseconds', b) - date_trunc('milliseconds', a)) * 1000)::int8
        WHEN part IN ('microsecond', 'mcs') THEN (extract(epoch FROM b - a) * 1000000)::int8
        WHEN part IN ('nanosecond', 'ns') THEN (extract(epoch FROM b - a) * 1000000000)::int8 END $$;

-- Names.
CREATE FUNCTION lab.split_name(text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg(regexp_replace(coalesce(m[1], m[2], m[3]), '\]\]', ']', 'g'))
    FROM regexp_matches($1 COLLATE "C", '\[((?:[^\]]|\]\])*)\]|"([^"]*)"|([^.\[\]"]+)', 'g') m $$;
CREATE FUNCTION lab.object_id(db text, name text, kind text DEFAULT NULL) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT o.object_id FROM lab.objects o, lab.split_name($2) p
    WHERE o.db = $1 AND o.name = p[array_length(p, 1)]
      AND o.schema_name = CASE WHEN array_length(p, 1) > 1 THEN p[array_length(p, 1) - 1] ELSE 'dbo' END
      AND ($3 IS NULL OR upper($3) = o.type) $$;
CREATE FUNCTION lab.object_name(int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT name FROM lab.objects WHERE object_id = $1 $$;
CREATE FUNCTION lab.object_schema_name(int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT schema_name FROM lab.objects WHERE object_id = $1 $$;
CREATE FUNCTION lab.schema_name(db text, id int) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT name FROM lab.schemas s WHERE s.db = $1 AND s.schema_id = $2 $$;
CREATE FUNCTION lab.schema_id(db text, name text) RETURNS int LANGUAGE sql STABLE AS
    $$ SELECT s.schema_id FROM lab.schemas s WHERE s.db = $1 AND s.name = $2 $$;
CREATE FUNCTION lab.object_definition(int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT definition FROM lab.modules WHERE object_id = $1 UNION ALL SELECT definition FROM lab.defaults WHERE object_id = $1
    UNION ALL SELECT definition FROM lab.checks WHERE object_id = $1 $$;
CREATE FUNCTION lab.type_name(int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT name FROM lab.types WHERE system_type_id = $1 ORDER BY name LIMIT 1 $$;
CREATE FUNCTION lab.max_length(type text, length int, prec int, scale int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN type IN ('nvarchar', 'nchar', 'sysname') AND length > 0 THEN 2 * length
        WHEN type IN ('decimal', 'numeric') THEN CASE WHEN prec <= 9 THEN 5 WHEN prec <= 19 THEN 9 WHEN prec <= 28 THEN 13 ELSE 17 END
        WHEN type = 'datetime2' THEN CASE WHEN scale <= 2 THEN 6 WHEN scale <= 4 THEN 7 ELSE 8 END
        WHEN type = 'datetimeoffset' THEN CASE WHEN scale <= 2 THEN 8 WHEN scale <= 4 THEN 9 ELSE 10 END
        WHEN type = 'time' THEN CASE WHEN scale <= 2 THEN 3 WHEN scale <= 4 THEN 4 ELSE 5 END
        WHEN type IN ('xml', 'text', 'ntext', 'image') THEN -1 ELSE length END $$;
CREATE FUNCTION lab.col_length(db text, t text, c text) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT lab.max_length(type, length, prec, scale) FROM lab.columns WHERE object_id = lab.object_id($1, $2) AND name = $3 $$;
CREATE FUNCTION lab.columnproperty(id int, c text, property text) RETURNS int LANGUAGE sql STABLE AS $$
    SELECT CASE lower($3) WHEN 'allowsnull' THEN nullable::int WHEN 'isidentity' THEN identity::int WHEN 'iscomputed' THEN (computed IS NOT NULL)::int
        WHEN 'columnid' THEN column_id WHEN 'precision' THEN prec WHEN 'scale' THEN scale END
    FROM lab.columns WHERE object_id = $1 AND name = $2 $$;
-- STABLE, so that a view with them is merged into the query and they are asked only for the rows that remain.
CREATE FUNCTION lab.row_count(regclass) RETURNS bigint LANGUAGE plpgsql STABLE COST 10000 AS $$
DECLARE n bigint;
BEGIN
    IF pg_relation_size($1) = 0 THEN RETURN 0; END IF;
    EXECUTE format('SELECT count(*) FROM %s', $1) INTO n;
    RETURN n;
END $$;
CREATE FUNCTION lab.pages(regclass) RETURNS bigint LANGUAGE sql STABLE COST 1000 AS 'SELECT greatest(1, pg_relation_size($1) / 8192)';
CREATE FUNCTION lab.session(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('lab.' || $1, true) $$;
