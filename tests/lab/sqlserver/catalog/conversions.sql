-- Conversions between types: what SQL Server documents, with its error numbers. `src` and `kind` are its names of the
-- types. An error is raised with the SQLSTATE MS001 and its number in DETAIL; pgerrors.py turns it into the client's.
CREATE FUNCTION lab.fail(number int, message text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN RAISE EXCEPTION USING ERRCODE = 'MS001', MESSAGE = $2, DETAIL = $1::text; END $$;

-- UTF-16 code units: LEN, DATALENGTH and nvarchar(n) count these.
CREATE FUNCTION lab.units(text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN octet_length($1) = length($1) THEN length($1)
        ELSE length($1) + length(regexp_replace($1 COLLATE "C", '[\u0001-\uffff]', '', 'g')) END $$;
CREATE FUNCTION lab.fit(v text, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := left(v, n);
BEGIN
    WHILE lab.units(t) > n LOOP t := left(t, -1); END LOOP;
    RETURN t;
END $$;
-- Functions that count positions would cut a surrogate pair in two: PostgreSQL cannot hold half of one.
CREATE FUNCTION lab.bmp(v text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF octet_length(v) > length(v) AND lab.units(v) > length(v) THEN
        PERFORM lab.fail(49990, 'lab.sqlserver does not know this and refuses it: positions in a text with supplementary characters');
    END IF;
    RETURN v;
END $$;

-- ---- whole numbers
CREATE FUNCTION lab.in_range(v numeric, kind text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE $2 WHEN 'tinyint' THEN $1 BETWEEN 0 AND 255 WHEN 'smallint' THEN $1 BETWEEN -32768 AND 32767
        WHEN 'int' THEN $1 BETWEEN -2147483648 AND 2147483647
        ELSE $1 BETWEEN -9223372036854775808 AND 9223372036854775807 END $$;
CREATE FUNCTION lab.to_int(v text, src text, kind text) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := btrim(v, E' \t\r\n'); n numeric;
BEGIN
    IF t = '' THEN RETURN 0; END IF;
    IF t !~ '^[+-]? *[0-9]+$' THEN
        IF kind = 'bigint' THEN PERFORM lab.fail(8114, format('Error converting data type %s to bigint.', src)); END IF;
        PERFORM lab.fail(245, format('Conversion failed when converting the %s value ''%s'' to data type %s.', src, v, kind));
    END IF;
    n := replace(t, ' ', '')::numeric;
    IF NOT lab.in_range(n, kind) THEN
        IF kind = 'bigint' THEN
            PERFORM lab.fail(8115, 'Arithmetic overflow error converting expression to data type bigint.');
        ELSIF kind = 'int' THEN
            PERFORM lab.fail(248, format('The conversion of the %s value ''%s'' overflowed an int column.', src, v));
        END IF;
        PERFORM lab.fail(244, format('The conversion of the %s value ''%s'' overflowed an %s column. Use a larger integer column.',
            src, v, CASE kind WHEN 'tinyint' THEN 'INT1' ELSE 'INT2' END));
    END IF;
    RETURN n::int8;
END $$;
CREATE FUNCTION lab.to_int(v numeric, src text, kind text) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF NOT lab.in_range(trunc(v), kind) THEN
        PERFORM lab.fail(8115, format('Arithmetic overflow error converting %s to data type %s.', src, kind));
    END IF;
    RETURN trunc(v)::int8;
END $$;
CREATE FUNCTION lab.to_int(v float8, src text, kind text) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF NOT lab.in_range(trunc(v::numeric), kind) THEN
        PERFORM lab.fail(232, format('Arithmetic overflow error for type %s, value = %s.', kind, v::numeric));
    END IF;
    RETURN trunc(v::numeric)::int8;
END $$;
CREATE FUNCTION lab.to_int(v int8, src text, kind text) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF NOT lab.in_range(v, kind) THEN
        IF kind IN ('tinyint', 'smallint') THEN
            PERFORM lab.fail(220, format('Arithmetic overflow error for data type %s, value = %s.', kind, v));
        END IF;
        PERFORM lab.fail(8115, format('Arithmetic overflow error converting expression to data type %s.', kind));
    END IF;
    RETURN v;
END $$;
CREATE FUNCTION lab.to_int(v int4, src text, kind text) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT lab.to_int($1::int8, $2, $3)';
CREATE FUNCTION lab.to_int(v int2, src text, kind text) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT lab.to_int($1::int8, $2, $3)';
CREATE FUNCTION lab.to_int(v boolean, src text, kind text) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::int::int8';
CREATE FUNCTION lab.to_int(v timestamp, src text, kind text) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.to_int(round(extract(epoch FROM $1 - timestamp '1900-01-01') / 86400)::int8, $2, $3) $$;
CREATE FUNCTION lab.to_int(v bytea, src text, kind text) RETURNS int8 LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE $3 WHEN 'int' THEN ('x' || lpad(right(encode($1, 'hex'), 8), 8, '0'))::bit(32)::int4::int8
        WHEN 'smallint' THEN ('x' || lpad(right(encode($1, 'hex'), 4), 4, '0'))::bit(16)::int4::int2::int8
        WHEN 'tinyint' THEN ('x' || lpad(right(encode($1, 'hex'), 2), 2, '0'))::bit(8)::int4::int8
        ELSE ('x' || lpad(right(encode($1, 'hex'), 16), 16, '0'))::bit(64)::int8 END $$;
CREATE FUNCTION lab.arithmetic(v int8, kind text) RETURNS int8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF NOT lab.in_range(v, kind) THEN
        PERFORM lab.fail(8115, format('Arithmetic overflow error converting expression to data type %s.', kind));
    END IF;
    RETURN v;
END $$;
CREATE FUNCTION lab.to_bit(v text, src text) RETURNS int2 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := lower(btrim(v));
BEGIN
    IF t IN ('true', 'false') THEN RETURN (t = 'true')::int::int2; END IF;
    IF t !~ '^[+-]?[0-9]*$' THEN
        PERFORM lab.fail(245, format('Conversion failed when converting the %s value ''%s'' to data type bit.', src, v));
    END IF;
    RETURN (t !~ '^[+-]?0*$')::int::int2;
END $$;
CREATE FUNCTION lab.to_bit(v numeric, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1 <> 0)::int::int2';
CREATE FUNCTION lab.to_bit(v float8, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1 <> 0)::int::int2';
CREATE FUNCTION lab.to_bit(v int8, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1 <> 0)::int::int2';
CREATE FUNCTION lab.to_bit(v int4, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1 <> 0)::int::int2';
CREATE FUNCTION lab.to_bit(v int2, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ($1 <> 0)::int::int2';
CREATE FUNCTION lab.to_bit(v boolean, src text) RETURNS int2 LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1::int::int2';

-- ---- decimals, money, floats. `p` and `s` are precision and scale of the result
CREATE FUNCTION lab.to_dec(v numeric, src text, kind text, p int, s int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF abs(round(v, s)) >= power(10::numeric, p - s) THEN
        PERFORM lab.fail(8115, format('Arithmetic overflow error converting %s to data type %s.', src,
            CASE kind WHEN 'decimal' THEN 'numeric' ELSE kind END));
    END IF;
    RETURN round(v, s);
END $$;
CREATE FUNCTION lab.to_dec(v float8, src text, kind text, p int, s int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
    'SELECT lab.to_dec($1::numeric, $2, $3, $4, $5)';
CREATE FUNCTION lab.to_dec(v int8, src text, kind text, p int, s int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
    'SELECT lab.to_dec($1::numeric, $2, $3, $4, $5)';
CREATE FUNCTION lab.to_dec(v int4, src text, kind text, p int, s int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
    'SELECT lab.to_dec($1::numeric, $2, $3, $4, $5)';
CREATE FUNCTION lab.to_dec(v int2, src text, kind text, p int, s int) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT AS
    'SELECT lab.to_dec($1::numeric, $2, $3, $4, $5)';
CREATE FUNCTION lab.to_dec(v text, src text, kind text, p int, s int) RETURNS numeric LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := btrim(v, E' \t\r\n');
BEGIN
    IF kind IN ('money', 'smallmoney') THEN
        t := regexp_replace(t, '[$£€¥, ]', '', 'g');
        IF t = '' THEN RETURN 0; END IF;
        IF t !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$' THEN
            PERFORM lab.fail(235, 'Cannot convert a char value to money. The char value has incorrect syntax.');
        END IF;
    ELSIF t !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$' THEN
        PERFORM lab.fail(8114, format('Error converting data type %s to numeric.', src));
    END IF;
    RETURN lab.to_dec(t::numeric, src, kind, p, s);
END $$;
CREATE FUNCTION lab.to_float(v text, src text, kind text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := btrim(v, E' \t\r\n');
BEGIN
    IF t = '' THEN RETURN 0; END IF;
    IF t !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' THEN
        PERFORM lab.fail(8114, format('Error converting data type %s to %s.', src, kind));
    END IF;
    RETURN t::float8;
END $$;
CREATE FUNCTION lab.to_guid(v text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := CASE WHEN left(v, 1) = '{' THEN substr(v, 2, 36) ELSE left(v, 36) END;
BEGIN
    IF t !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN
        PERFORM lab.fail(8169, 'Conversion failed when converting from a character string to uniqueidentifier.');
    END IF;
    RETURN t::uuid;
END $$;

-- ---- to texts; `n` is the length in characters, -1 for (max)
CREATE FUNCTION lab.number_text(v text, src text, kind text, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n < 0 OR length(v) <= n THEN RETURN v; END IF;
    IF src IN ('int', 'smallint', 'tinyint') AND kind IN ('varchar', 'char') THEN RETURN '*'; END IF;
    PERFORM lab.fail(8115, format('Arithmetic overflow error converting %s to data type %s.',
        CASE WHEN src IN ('int', 'smallint', 'tinyint', 'bigint') THEN 'expression' ELSE src END, kind));
    RETURN NULL;
END $$;
CREATE FUNCTION lab.money_text(v numeric, style int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE $2 WHEN 1 THEN trim(to_char(round($1, 2), 'FM999,999,999,999,990.00')) WHEN 2 THEN round($1, 4)::text
        ELSE round($1, 2)::text END $$;
CREATE FUNCTION lab.float_text(v float8, style int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE e int; m text; digits int := CASE style WHEN 1 THEN 8 WHEN 2 THEN 16 WHEN 3 THEN 17 ELSE 6 END;
BEGIN
    IF v = 0 AND style = 0 THEN RETURN '0'; END IF;
    m := btrim(to_char(v, '9.' || repeat('9', digits - 1) || 'EEEE'));
    e := split_part(m, 'e', 2)::int;
    IF style = 0 AND e BETWEEN -5 AND 14 AND (e < 6 OR v = trunc(v) AND abs(v) < 1e6) THEN
        RETURN regexp_replace(regexp_replace(round(v::numeric, greatest(0, digits - 1 - e))::text, '(\.[0-9]*?)0+$', '\1'), '\.$', '');
    END IF;
    m := split_part(m, 'e', 1);
    IF style = 0 THEN m := regexp_replace(regexp_replace(m, '0+$', ''), '\.$', ''); END IF;
    RETURN m || 'e' || CASE WHEN e < 0 THEN '-' ELSE '+' END || lpad(abs(e)::text, 3, '0');
END $$;
CREATE FUNCTION lab.guid_text(v uuid, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n BETWEEN 0 AND 35 THEN
        PERFORM lab.fail(8170, 'Insufficient result space to convert uniqueidentifier value to char.');
    END IF;
    RETURN upper(v::text);
END $$;
CREATE FUNCTION lab.binary_text(v bytea, kind text, style int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF style IN (1, 2) THEN RETURN CASE style WHEN 1 THEN '0x' ELSE '' END || upper(encode(v, 'hex')); END IF;
    IF position('\x00'::bytea IN v) > 0 AND kind IN ('varchar', 'char') THEN
        PERFORM lab.fail(49990, 'lab.sqlserver does not know this and refuses it: a character with the code 0 in a string');
    END IF;
    IF kind IN ('varchar', 'char') THEN RETURN convert_from(v, 'WIN1252'); END IF;
    RETURN lab.from_utf16(v);
END $$;
CREATE FUNCTION lab.from_utf16(v bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := ''; i int := 0; u int; low int;
BEGIN
    WHILE i + 1 < length(v) LOOP
        u := get_byte(v, i) | (get_byte(v, i + 1) << 8);
        i := i + 2;
        IF u BETWEEN 55296 AND 56319 AND i + 1 < length(v) THEN
            low := get_byte(v, i) | (get_byte(v, i + 1) << 8);
            u := 65536 + ((u - 55296) << 10) + (low - 56320);
            i := i + 2;
        END IF;
        IF u = 0 THEN
            PERFORM lab.fail(49990, 'lab.sqlserver does not know this and refuses it: a character with the code 0 in a string');
        END IF;
        t := t || chr(u);
    END LOOP;
    RETURN t;
END $$;
CREATE FUNCTION lab.from_hex(v text, style int) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE t text := btrim(v);
BEGIN
    IF style = 1 AND t !~* '^0x([0-9a-f]{2})*$' OR style = 2 AND t !~* '^([0-9a-f]{2})*$' THEN
        PERFORM lab.fail(8114, 'Error converting data type varchar to varbinary.');
    END IF;
    RETURN decode(CASE style WHEN 1 THEN substr(t, 3) ELSE t END, 'hex');
END $$;
-- The first three groups of a uniqueidentifier are stored with their bytes reversed.
CREATE FUNCTION lab.guid_bytes(v uuid) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT decode(substr(h, 7, 2) || substr(h, 5, 2) || substr(h, 3, 2) || substr(h, 1, 2) || substr(h, 11, 2) || substr(h, 9, 2)
        || substr(h, 15, 2) || substr(h, 13, 2) || substr(h, 17), 'hex') FROM (SELECT replace($1::text, '-', '') AS h) x $$;
CREATE FUNCTION lab.bytes_guid(v bytea) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT (substr(h, 7, 2) || substr(h, 5, 2) || substr(h, 3, 2) || substr(h, 1, 2) || substr(h, 11, 2) || substr(h, 9, 2)
        || substr(h, 15, 2) || substr(h, 13, 2) || substr(h, 17, 16))::uuid FROM (SELECT rpad(encode($1, 'hex'), 32, '0') AS h) x $$;
CREATE FUNCTION lab.int_bytes(v int8, width int, n int) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN $3 <= 0 THEN substr(b, 9 - $2) WHEN $3 <= 8 THEN substr(b, 9 - $3)
        ELSE decode(repeat('00', $3 - $2), 'hex') || substr(b, 9 - $2) END FROM (SELECT int8send($1) AS b) x $$;
CREATE FUNCTION lab.pad_bytes(v bytea, n int) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT substr($1, 1, $2) || decode(repeat('00', greatest(0, $2 - length($1))), 'hex') $$;
-- TRY_CAST and TRY_CONVERT: `conversion` is an expression of $1; its result comes back as a text.
CREATE FUNCTION lab.try(v text, conversion text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE out text;
BEGIN
    IF v IS NULL THEN RETURN NULL; END IF;
    EXECUTE format('SELECT (%s)::text', conversion) INTO out USING v;
    RETURN out;
EXCEPTION WHEN OTHERS THEN
    IF SQLERRM LIKE 'lab.sqlserver%' THEN RAISE; END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION lab.store_bytes(v bytea, n int, fixed boolean) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF length(v) > n THEN PERFORM lab.fail(8152, 'String or binary data would be truncated.'); END IF;
    RETURN CASE WHEN fixed THEN lab.pad_bytes(v, n) ELSE v END;
END $$;
