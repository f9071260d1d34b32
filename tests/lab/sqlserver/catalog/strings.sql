-- String functions. A non-deterministic collation does not search, so searching folds case itself.
CREATE FUNCTION lab.len(text) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT lab.units(rtrim($1, ' ')) $$;
CREATE FUNCTION lab.left(v text, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n < 0 THEN PERFORM lab.fail(536, 'Invalid length parameter passed to the left function.'); END IF;
    RETURN left(lab.bmp(v), n);
END $$;
CREATE FUNCTION lab.right(v text, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n < 0 THEN PERFORM lab.fail(536, 'Invalid length parameter passed to the right function.'); END IF;
    RETURN right(lab.bmp(v), n);
END $$;
CREATE FUNCTION lab.substring(v text, start int, n int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n < 0 THEN PERFORM lab.fail(537, 'Invalid length parameter passed to the LEFT or SUBSTRING function.'); END IF;
    RETURN substring(lab.bmp(v) FROM start FOR n);
END $$;
CREATE FUNCTION lab.charindex(what text, v text, start int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN $1 = '' OR strpos(lower(substr(lab.bmp($2), greatest($3, 1))) COLLATE "C", lower($1) COLLATE "C") = 0 THEN 0
        ELSE strpos(lower(substr($2, greatest($3, 1))) COLLATE "C", lower($1) COLLATE "C") + greatest($3, 1) - 1 END $$;
CREATE FUNCTION lab.patindex(pattern text, v text) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE p text := lab.like_pattern(pattern, '');
BEGIN
    IF left(pattern, 1) = '%' THEN p := regexp_replace(p, '^\^(\.\*)*', ''); END IF;
    IF p = '$' OR p = '' THEN RETURN CASE WHEN v = '' THEN 0 ELSE 1 END; END IF;
    RETURN coalesce(regexp_instr(lab.bmp(v) COLLATE "default", p, 1, 1, 0, 'i'), 0);
END $$;
CREATE FUNCTION lab.translate(v text, chars text, becomes text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF length(chars) <> length(becomes) THEN
        PERFORM lab.fail(9828, 'The second and third arguments of the TRANSLATE built-in function must contain an equal number of characters.');
    END IF;
    RETURN translate(v COLLATE "C", lower(chars) || upper(chars), becomes || becomes);
END $$;
CREATE FUNCTION lab.replace(text, text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN $2 = '' THEN $1 ELSE regexp_replace($1 COLLATE "default", regexp_replace($2 COLLATE "default", '([^[:alnum:]])', '\\\1', 'g'),
        regexp_replace($3 COLLATE "default", '\\', '\\\\', 'g'), 'gi') END $$;
CREATE FUNCTION lab.stuff(text, int, int, text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT CASE WHEN $2 < 1 OR $3 < 0 OR $2 > length(lab.bmp($1)) THEN NULL ELSE left($1, $2 - 1) || coalesce($4, '') || substr($1, $2 + $3) END $$;
CREATE FUNCTION lab.replicate(v text, n int, most int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE WHEN $2 < 0 THEN NULL WHEN $3 > 0 THEN left(repeat($1, least($2, 8000)), $3) ELSE repeat($1, $2) END $$;
CREATE FUNCTION lab.char(n int, most int) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n = 0 THEN
        PERFORM lab.fail(49990, 'lab.sqlserver does not know this and refuses it: a character with the code 0 in a string');
    END IF;
    IF n < 0 OR n > most OR n BETWEEN 55296 AND 57343 THEN RETURN NULL; END IF;
    IF most = 255 AND n > 127 THEN RETURN convert_from(decode(lpad(to_hex(n), 2, '0'), 'hex'), 'WIN1252'); END IF;
    RETURN chr(n);
END $$;
CREATE FUNCTION lab.str(v float8, width int, places int) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN $2 < 0 OR $3 < 0 THEN NULL WHEN length(round($1::numeric, 0)::text) > $2 THEN repeat('*', $2)
        ELSE lpad(left(round($1::numeric, least($3, greatest(0, $2 - 1 - length(trunc($1::numeric)::text))))::text, $2), $2) END $$;
CREATE FUNCTION lab.quotename(text, text DEFAULT '[') RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT CASE WHEN length($1) > 128 THEN NULL WHEN $2 IN ('[', ']') THEN '[' || replace($1 COLLATE "C", ']', ']]') || ']'
        WHEN $2 = '''' THEN '''' || replace($1 COLLATE "C", '''', '''''') || ''''
        WHEN $2 = '"' THEN '"' || replace($1 COLLATE "C", '"', '""') || '"'
        WHEN $2 IN ('(', ')') THEN '(' || replace($1 COLLATE "C", ')', '))') || ')' END $$;
-- CHECKSUM: equal for values that compare equal. The values themselves are not SQL Server's, but for one integer.
CREATE FUNCTION lab.checksum(VARIADIC v text[]) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN array_length($1, 1) = 1 AND $1[1] ~ '^-?[0-9]{1,9}$' THEN $1[1]::int
        ELSE ('x' || left(md5(array_to_string(ARRAY(SELECT lower(rtrim(x, ' ')) FROM unnest($1) x), E'\x01', E'\x02')), 8))::bit(32)::int END $$;
