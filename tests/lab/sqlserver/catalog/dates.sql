-- Dates and times. The order of day, month and year of a text follows SET DATEFORMAT; names follow SET LANGUAGE.
CREATE FUNCTION lab.setting(name text, otherwise text) RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('lab.' || $1, true), ''), $2) $$;
-- datetime holds multiples of 1/300 second: .000, .003, .007.
CREATE FUNCTION lab.to_datetime(v timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT date_trunc('second', $1) + round(round((extract(microseconds FROM $1)::int8 % 1000000) * 3 / 10000.0) * 10 / 3) * interval '1 millisecond' $$;
CREATE FUNCTION lab.fail_date(src text, kind text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF kind IN ('datetime', 'smalldatetime') THEN
        PERFORM lab.fail(242, format('The conversion of a %s data type to a %s data type resulted in an out-of-range value.', src, kind));
    END IF;
    PERFORM lab.fail(241, 'Conversion failed when converting date and/or time from character string.');
END $$;
-- A date and time as the type holds it.
CREATE FUNCTION lab.as_time(v timestamp, src text, kind text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF kind = 'datetime' THEN
        IF v < '1753-01-01' THEN PERFORM lab.fail_date(src, kind); END IF;
        RETURN lab.to_datetime(v);
    ELSIF kind = 'smalldatetime' THEN
        IF v < '1900-01-01' OR v >= '2079-06-07' THEN PERFORM lab.fail_date(src, kind); END IF;
        RETURN date_trunc('minute', v + interval '30 seconds');
    END IF;
    RETURN v;
END $$;
CREATE FUNCTION lab.as_time(v timestamptz, src text, kind text) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.as_time($1 AT TIME ZONE 'UTC', $2, $3) $$;
CREATE FUNCTION lab.as_time(v time, src text, kind text) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.as_time(timestamp '1900-01-01' + $1, $2, $3) $$;
CREATE FUNCTION lab.as_time(v numeric, src text, kind text) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.as_time(timestamp '1900-01-01' + $1::float8 * interval '1 day', $2, $3) $$;
CREATE FUNCTION lab.as_time(v int8, src text, kind text) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.as_time($1::numeric, $2, $3) $$;
CREATE FUNCTION lab.as_time(v float8, src text, kind text) RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT lab.as_time($1::numeric, $2, $3) $$;
CREATE FUNCTION lab.style_order(style int, kind text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN $1 IN (1, 101, 10, 110, 22) THEN 'mdy' WHEN $1 IN (3, 103, 4, 104, 5, 105, 6, 106, 13, 113) THEN 'dmy'
        WHEN $1 IN (2, 102, 11, 111, 12, 112, 20, 120, 21, 121, 23, 25, 126, 127) THEN 'ymd' ELSE lab.setting('date_format', 'mdy') END $$;
CREATE FUNCTION lab.parse_clock(t text, kind text) RETURNS interval LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE m text[]; h int; f text;
BEGIN
    IF btrim(t) = '' THEN RETURN interval '0'; END IF;
    m := regexp_match(btrim(t), '^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.:](\d+))?)?)?\s*(am|pm)?$', 'i');
    IF m IS NULL OR (m[2] IS NULL AND m[5] IS NULL) THEN RETURN NULL; END IF;
    h := m[1]::int;
    IF m[5] IS NOT NULL THEN
        IF h NOT BETWEEN 1 AND 12 THEN RETURN NULL; END IF;
        h := h % 12 + CASE WHEN lower(m[5]) = 'pm' THEN 12 ELSE 0 END;
    END IF;
    f := coalesce(m[4], '0');
    IF h > 23 OR coalesce(m[2]::int, 0) > 59 OR coalesce(m[3]::int, 0) > 59 OR length(f) > (CASE WHEN kind IN ('datetime', 'smalldatetime') THEN 3 ELSE 9 END) THEN
        RETURN NULL;
    END IF;
    RETURN make_interval(hours => h, mins => coalesce(m[2]::int, 0), secs => coalesce(m[3]::int, 0)) + ('0.' || f)::numeric * interval '1 second';
END $$;
CREATE FUNCTION lab.parse_time(v text, src text, kind text, style int) RETURNS timestamp LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    t text := btrim(v, E' \t\r\n'); m text[]; clock interval; y int; mo int; d int; ord text := lab.style_order(style, kind);
    p int[]; rest text := ''; months text := 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
BEGIN
    IF t = '' THEN RETURN timestamp '1900-01-01'; END IF;
    m := regexp_match(t, '^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)Z?$', 'i');
    IF m IS NOT NULL THEN
        y := m[1]; mo := m[2]; d := m[3]; rest := m[4];
    ELSE
        m := regexp_match(t, '^(\d{4})(\d{2})(\d{2})(?:\s+(.*))?$');
        IF m IS NOT NULL THEN
            y := m[1]; mo := m[2]; d := m[3]; rest := coalesce(m[4], '');
        ELSE
            m := regexp_match(t, '^(\d{2})(\d{2})(\d{2})$');
            IF m IS NOT NULL THEN y := m[1]; mo := m[2]; d := m[3]; END IF;
        END IF;
    END IF;
    IF m IS NULL THEN
        m := regexp_match(t, '^(\d{1,4})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,4})(?:\s+(.*))?$');
        IF m IS NOT NULL THEN
            rest := coalesce(m[4], '');
            IF length(m[1]) = 4 THEN
                y := m[1]; mo := m[2]; d := m[3];
                IF ord IN ('dmy', 'ydm') AND kind IN ('datetime', 'smalldatetime') THEN mo := m[3]; d := m[2]; END IF;
            ELSE
                p := ARRAY[m[1]::int, m[2]::int, m[3]::int];
                IF length(m[3]) = 4 AND right(ord, 1) <> 'y' THEN
                    ord := CASE WHEN position('d' IN ord) < position('m' IN ord) THEN 'dmy' ELSE 'mdy' END;
                END IF;
                y := p[position('y' IN ord)]; mo := p[position('m' IN ord)]; d := p[position('d' IN ord)];
            END IF;
        END IF;
    END IF;
    IF m IS NULL THEN
        m := regexp_match(t, '^(' || months || ')[a-z]*\.?\s+(\d{1,2}),?\s+(\d{4}|\d{2})(?:\s+(.*))?$', 'i');
        IF m IS NOT NULL THEN
            mo := (position(lower(m[1]) IN months) + 3) / 4; d := m[2]; y := m[3]; rest := coalesce(m[4], '');
        ELSE
            m := regexp_match(t, '^(\d{1,2})[\s-]+(' || months || ')[a-z]*\.?,?[\s-]+(\d{4}|\d{2})(?:\s+(.*))?$', 'i');
            IF m IS NOT NULL THEN
                d := m[1]; mo := (position(lower(m[2]) IN months) + 3) / 4; y := m[3]; rest := coalesce(m[4], '');
            END IF;
        END IF;
    END IF;
    IF m IS NULL AND t ~ '^\d{4}$' THEN
        m := ARRAY[t]; y := t; mo := 1; d := 1;
    END IF;
    IF m IS NULL THEN
        clock := lab.parse_clock(t, kind);
        IF clock IS NULL THEN
            PERFORM lab.fail(241, 'Conversion failed when converting date and/or time from character string.');
        END IF;
        RETURN lab.as_time(timestamp '1900-01-01' + clock, src, kind);
    END IF;
    clock := lab.parse_clock(rest, kind);
    IF clock IS NULL THEN
        PERFORM lab.fail(241, 'Conversion failed when converting date and/or time from character string.');
    END IF;
    IF y < 100 THEN y := y + CASE WHEN y < 50 THEN 2000 ELSE 1900 END; END IF;
    IF y < 1 OR mo NOT BETWEEN 1 AND 12 OR d < 1 OR d > extract(day FROM make_date(y, mo, 1) + interval '1 month - 1 day') THEN
        PERFORM lab.fail_date(src, kind);
    END IF;
    RETURN lab.as_time(make_date(y, mo, d) + clock, src, kind);
END $$;
CREATE FUNCTION lab.parse_offset(v text, src text) RETURNS timestamptz LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE m text[] := regexp_match(btrim(v), '^(.*?)\s*([+-]\d{1,2}:\d{2}|Z)$', 'i');
BEGIN
    IF m IS NULL THEN RETURN lab.parse_time(v, src, 'datetimeoffset', 0) AT TIME ZONE 'UTC'; END IF;
    RETURN (lab.parse_time(m[1], src, 'datetimeoffset', 0) AT TIME ZONE 'UTC')
        - CASE WHEN upper(m[2]) = 'Z' THEN interval '0' ELSE m[2]::interval END;
END $$;

-- ---- to texts
CREATE FUNCTION lab.hour12(v timestamp, blank boolean) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT CASE WHEN $2 THEN lpad(to_char($1, 'FMHH12'), 2) ELSE to_char($1, 'FMHH12') END $$;
CREATE FUNCTION lab.time_text(v timestamp, kind text, scale int, style int) RETURNS text LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    f text := CASE WHEN kind = 'datetime' THEN to_char(v, '.MS') WHEN kind = 'smalldatetime' OR scale = 0 THEN ''
        ELSE left(to_char(v, '.US') || '0', scale + 1) END;
    mon text := lab.month_name(v, true); day2 text := lpad(to_char(v, 'FMDD'), 2); t text;
    clock text := to_char(v, 'HH24:MI:SS'); ampm text := to_char(v, 'AM');
BEGIN
    IF style = 0 THEN style := CASE WHEN kind IN ('datetime', 'smalldatetime') THEN 100 ELSE 121 END; END IF;
    IF kind = 'smalldatetime' THEN f := CASE WHEN style IN (21, 121, 25, 126, 109, 9, 113, 13, 114, 14) AND style NOT IN (126) THEN ':000' ELSE '' END; END IF;
    t := CASE
        WHEN style = 100 THEN mon || ' ' || day2 || to_char(v, ' YYYY ') || lab.hour12(v, true) || to_char(v, ':MIAM')
        WHEN style IN (9, 109) THEN mon || ' ' || day2 || to_char(v, ' YYYY ') || lab.hour12(v, true) || to_char(v, ':MI:SS') || replace(f, '.', CASE WHEN kind = 'datetime' THEN ':' ELSE '.' END) || ampm
        WHEN style = 1 THEN to_char(v, 'MM/DD/YY') WHEN style = 101 THEN to_char(v, 'MM/DD/YYYY')
        WHEN style = 2 THEN to_char(v, 'YY.MM.DD') WHEN style = 102 THEN to_char(v, 'YYYY.MM.DD')
        WHEN style = 3 THEN to_char(v, 'DD/MM/YY') WHEN style = 103 THEN to_char(v, 'DD/MM/YYYY')
        WHEN style = 4 THEN to_char(v, 'DD.MM.YY') WHEN style = 104 THEN to_char(v, 'DD.MM.YYYY')
        WHEN style = 5 THEN to_char(v, 'DD-MM-YY') WHEN style = 105 THEN to_char(v, 'DD-MM-YYYY')
        WHEN style = 6 THEN to_char(v, 'DD ') || mon || to_char(v, ' YY') WHEN style = 106 THEN to_char(v, 'DD ') || mon || to_char(v, ' YYYY')
        WHEN style = 7 THEN mon || to_char(v, ' DD, YY') WHEN style = 107 THEN mon || to_char(v, ' DD, YYYY')
        WHEN style IN (8, 24, 108) THEN clock
        WHEN style = 10 THEN to_char(v, 'MM-DD-YY') WHEN style = 110 THEN to_char(v, 'MM-DD-YYYY')
        WHEN style = 11 THEN to_char(v, 'YY/MM/DD') WHEN style = 111 THEN to_char(v, 'YYYY/MM/DD')
        WHEN style = 12 THEN to_char(v, 'YYMMDD') WHEN style = 112 THEN to_char(v, 'YYYYMMDD')
        WHEN style IN (13, 113) THEN to_char(v, 'DD ') || mon || to_char(v, ' YYYY ') || clock || replace(f, '.', CASE WHEN kind = 'datetime' THEN ':' ELSE '.' END)
        WHEN style IN (14, 114) THEN clock || replace(f, '.', CASE WHEN kind = 'datetime' THEN ':' ELSE '.' END)
        WHEN style IN (20, 120) THEN to_char(v, 'YYYY-MM-DD ') || clock
        WHEN style IN (21, 25, 121) THEN to_char(v, 'YYYY-MM-DD ') || clock || replace(f, ':', '.')
        WHEN style = 23 THEN to_char(v, 'YYYY-MM-DD')
        WHEN style IN (126, 127) THEN to_char(v, 'YYYY-MM-DD"T"') || clock || CASE WHEN kind = 'datetime' AND f = '.000' THEN '' ELSE f END
    END;
    IF t IS NULL THEN
        IF style IN (22, 130, 131) THEN
            PERFORM lab.fail(49990, format('lab.sqlserver does not know this and refuses it: the style %s of CONVERT', style));
        END IF;
        PERFORM lab.fail(281, format('%s is not a valid style number when converting from %s to a character string.', style, kind));
    END IF;
    IF kind = 'date' THEN
        RETURN CASE WHEN style IN (20, 120, 21, 25, 121, 126, 127) THEN to_char(v, 'YYYY-MM-DD')
            WHEN style IN (9, 109) THEN mon || ' ' || day2 || to_char(v, ' YYYY')
            WHEN style = 100 THEN mon || ' ' || day2 || to_char(v, ' YYYY') WHEN style IN (13, 113) THEN to_char(v, 'DD ') || mon || to_char(v, ' YYYY')
            ELSE t END;
    END IF;
    IF kind = 'time' THEN
        RETURN CASE WHEN style IN (20, 120) THEN clock WHEN style IN (21, 25, 121, 126, 127, 14, 114, 13, 113) THEN clock || f
            WHEN style = 100 THEN lab.hour12(v, true) || to_char(v, ':MIAM') WHEN style IN (9, 109) THEN lab.hour12(v, true) || to_char(v, ':MI:SS') || f || ampm
            ELSE t END;
    END IF;
    RETURN t;
END $$;
CREATE FUNCTION lab.month_name(v timestamp, short boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE language text := lab.setting('language', 'us_english'); names text[];
BEGIN
    names := CASE language
        WHEN 'Deutsch' THEN ARRAY['Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September', 'Oktober', 'November', 'Dezember']
        WHEN 'Français' THEN ARRAY['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre', 'décembre']
        WHEN 'us_english' THEN ARRAY['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
        WHEN 'British' THEN ARRAY['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] END;
    IF names IS NULL THEN
        PERFORM lab.fail(49990, format('lab.sqlserver does not know this and refuses it: names of months in %s', language));
    END IF;
    IF short AND language = 'Français' THEN
        RETURN (ARRAY['janv', 'févr', 'mars', 'avr', 'mai', 'juin', 'juil', 'août', 'sept', 'oct', 'nov', 'déc'])[extract(month FROM v)::int];
    END IF;
    RETURN CASE WHEN short THEN left(names[extract(month FROM v)::int], 3) ELSE names[extract(month FROM v)::int] END;
END $$;
CREATE FUNCTION lab.day_name(v timestamp) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE language text := lab.setting('language', 'us_english'); names text[];
BEGIN
    names := CASE language
        WHEN 'Deutsch' THEN ARRAY['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag', 'Sonntag']
        WHEN 'Français' THEN ARRAY['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche']
        WHEN 'us_english' THEN ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
        WHEN 'British' THEN ARRAY['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] END;
    IF names IS NULL THEN
        PERFORM lab.fail(49990, format('lab.sqlserver does not know this and refuses it: names of days in %s', language));
    END IF;
    RETURN names[extract(isodow FROM v)::int];
END $$;
-- ---- arithmetic of dates
CREATE FUNCTION lab.dateadd(part text, n int, d timestamp, kind text) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE r timestamp;
BEGIN
    IF kind = 'date' AND part IN ('hour', 'hh', 'minute', 'mi', 'n', 'second', 'ss', 's', 'millisecond', 'ms', 'microsecond', 'mcs', 'nanosecond', 'ns') THEN
        PERFORM lab.fail(9810, format('The datepart %s is not supported by date function dateadd for data type date.', part));
    END IF;
    r := CASE
        WHEN part IN ('year', 'yy', 'yyyy') THEN d + make_interval(years => n)
        WHEN part IN ('quarter', 'qq', 'q') THEN d + make_interval(months => 3 * n)
        WHEN part IN ('month', 'mm', 'm') THEN d + make_interval(months => n)
        WHEN part IN ('week', 'wk', 'ww') THEN d + make_interval(days => 7 * n)
        WHEN part IN ('day', 'dd', 'd', 'dayofyear', 'dy', 'y', 'weekday', 'dw', 'w') THEN d + make_interval(days => n)
        WHEN part IN ('hour', 'hh') THEN d + n * interval '1 hour'
        WHEN part IN ('minute', 'mi', 'n') THEN d + n * interval '1 minute'
        WHEN part IN ('second', 'ss', 's') THEN d + n * interval '1 second'
        WHEN part IN ('millisecond', 'ms') THEN d + n * interval '1 millisecond'
        WHEN part IN ('microsecond', 'mcs') THEN d + n * interval '1 microsecond'
        WHEN part IN ('nanosecond', 'ns') THEN d + (n / 1000) * interval '1 microsecond' END;
    IF r IS NULL THEN PERFORM lab.fail(155, format('''%s'' is not a recognized dateadd option.', part)); END IF;
    IF r >= '10000-01-01' OR r < (CASE kind WHEN 'datetime' THEN timestamp '1753-01-01' WHEN 'smalldatetime' THEN '1900-01-01' ELSE '0001-01-01' END) THEN
        PERFORM lab.fail(517, format('Adding a value to a ''%s'' column caused an overflow.', kind));
    END IF;
    RETURN r;
EXCEPTION WHEN datetime_field_overflow OR interval_field_overflow OR numeric_value_out_of_range THEN
    PERFORM lab.fail(517, format('Adding a value to a ''%s'' column caused an overflow.', kind));
    RETURN NULL;
END $$;
CREATE FUNCTION lab.diff_int(n int8) RETURNS int4 LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF n NOT BETWEEN -2147483648 AND 2147483647 THEN
        PERFORM lab.fail(535, 'The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.');
    END IF;
    RETURN n;
END $$;
CREATE FUNCTION lab.date_first() RETURNS int LANGUAGE sql STABLE AS $$ SELECT lab.setting('date_first', '7')::int $$;
CREATE FUNCTION lab.datepart(part text, d timestamp) RETURNS int LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE jan1 date := date_trunc('year', d)::date; r int;
BEGIN
    r := CASE
        WHEN part IN ('year', 'yy', 'yyyy') THEN extract(year FROM d) WHEN part IN ('quarter', 'qq', 'q') THEN extract(quarter FROM d)
        WHEN part IN ('month', 'mm', 'm') THEN extract(month FROM d) WHEN part IN ('isowk', 'isoww', 'iso_week') THEN extract(week FROM d)
        WHEN part IN ('week', 'wk', 'ww') THEN ((extract(doy FROM d)::int - 1) + (extract(isodow FROM jan1)::int - lab.date_first() + 7) % 7) / 7 + 1
        WHEN part IN ('dayofyear', 'dy', 'y') THEN extract(doy FROM d) WHEN part IN ('day', 'dd', 'd') THEN extract(day FROM d)
        WHEN part IN ('weekday', 'dw', 'w') THEN (extract(isodow FROM d)::int - lab.date_first() + 7) % 7 + 1
        WHEN part IN ('hour', 'hh') THEN extract(hour FROM d)
        WHEN part IN ('minute', 'mi', 'n') THEN extract(minute FROM d) WHEN part IN ('second', 'ss', 's') THEN floor(extract(second FROM d))
        WHEN part IN ('millisecond', 'ms') THEN extract(microseconds FROM d)::int8 % 1000000 / 1000
        WHEN part IN ('microsecond', 'mcs') THEN extract(microseconds FROM d)::int8 % 1000000
        WHEN part IN ('nanosecond', 'ns') THEN extract(microseconds FROM d)::int8 % 1000000 * 1000
        WHEN part IN ('tzoffset', 'tz') THEN 0 END;
    IF r IS NULL THEN PERFORM lab.fail(155, format('''%s'' is not a recognized datepart option.', part)); END IF;
    RETURN r;
END $$;
CREATE FUNCTION lab.datename(part text, d timestamp) RETURNS text LANGUAGE sql STABLE STRICT AS $$
    SELECT CASE WHEN $1 IN ('month', 'mm', 'm') THEN lab.month_name($2, false) WHEN $1 IN ('weekday', 'dw', 'w') THEN lab.day_name($2)
        ELSE lab.datepart($1, $2)::text END $$;
CREATE FUNCTION lab.from_parts(kind text, y int, mo int, d int, h int, mi int, s int, micros int) RETURNS timestamp LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN lab.as_time(make_timestamp(y, mo, d, h, mi, s) + micros * interval '1 microsecond', 'int', kind);
EXCEPTION WHEN datetime_field_overflow OR SQLSTATE 'MS001' THEN
    PERFORM lab.fail(289, format('Cannot construct data type %s, some of the arguments have values which are not valid.', kind));
    RETURN NULL;
END $$;
