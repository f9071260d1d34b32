CREATE VIEW @SCHEMA@.schemas AS SELECT s.name, s.schema_id, coalesce(p.principal_id, 1) AS principal_id FROM lab.schemas s
    LEFT JOIN lab.principals p ON p.db = s.db AND p.name = s.owner WHERE s.db = @DB@;
CREATE VIEW @SCHEMA@.all_objects AS SELECT o.name, o.object_id, NULL::int AS principal_id, s.schema_id, o.parent_object_id,
    o.type::char(2) COLLATE lab.ci AS type,
    CASE o.type WHEN 'U' THEN 'USER_TABLE' WHEN 'V' THEN 'VIEW' WHEN 'P' THEN 'SQL_STORED_PROCEDURE' WHEN 'TR' THEN 'SQL_TRIGGER'
        WHEN 'FN' THEN 'SQL_SCALAR_FUNCTION' WHEN 'IF' THEN 'SQL_INLINE_TABLE_VALUED_FUNCTION' WHEN 'PK' THEN 'PRIMARY_KEY_CONSTRAINT'
        WHEN 'UQ' THEN 'UNIQUE_CONSTRAINT' WHEN 'C' THEN 'CHECK_CONSTRAINT' WHEN 'F' THEN 'FOREIGN_KEY_CONSTRAINT'
        WHEN 'D' THEN 'DEFAULT_CONSTRAINT' WHEN 'SN' THEN 'SYNONYM' WHEN 'SO' THEN 'SEQUENCE_OBJECT' WHEN 'TT' THEN 'TYPE_TABLE' END COLLATE lab.ci AS type_desc,
    o.create_date, o.modify_date, 0::int2 AS is_ms_shipped, 0::int2 AS is_published, 0::int2 AS is_schema_published
    FROM lab.objects o JOIN lab.schemas s ON s.db = o.db AND s.name = o.schema_name WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.objects AS SELECT * FROM @SCHEMA@.all_objects;
CREATE VIEW @SCHEMA@.tables AS SELECT a.*, 0::int2 AS temporal_type, 'NON_TEMPORAL_TABLE'::text COLLATE lab.ci AS temporal_type_desc,
    0::int2 AS is_memory_optimized, 0::int2 AS is_external FROM @SCHEMA@.all_objects a WHERE type = 'U';
CREATE VIEW @SCHEMA@.views AS SELECT * FROM @SCHEMA@.all_objects WHERE type = 'V';
CREATE VIEW @SCHEMA@.procedures AS SELECT * FROM @SCHEMA@.all_objects WHERE type = 'P';
CREATE VIEW @SCHEMA@.synonyms AS SELECT a.*, (SELECT string_agg('[' || x || ']', '.') FROM json_array_elements_text(o.target::json) x) COLLATE lab.ci AS base_object_name
    FROM @SCHEMA@.all_objects a JOIN lab.objects o USING (object_id) WHERE a.type = 'SN';
CREATE VIEW @SCHEMA@.sequences AS SELECT * FROM @SCHEMA@.all_objects WHERE type = 'SO';
CREATE VIEW @SCHEMA@.types AS SELECT name COLLATE lab.ci AS name, system_type_id::int2 AS system_type_id, system_type_id AS user_type_id, 4 AS schema_id,
    max_length::int2 AS max_length, precision::int2 AS precision, scale::int2 AS scale, 1::int2 AS is_nullable, 0::int2 AS is_user_defined, 0::int2 AS is_table_type FROM lab.types
    UNION ALL SELECT o.name, 243::int2, o.object_id, s.schema_id, -1::int2, 0::int2, 0::int2, 0::int2, 1::int2, 1::int2 FROM lab.objects o
    JOIN lab.schemas s ON s.db = o.db AND s.name = o.schema_name WHERE o.db = @DB@ AND o.type = 'TT';
CREATE VIEW @SCHEMA@.table_types AS SELECT o.name, o.object_id AS user_type_id, o.object_id AS type_table_object_id, s.schema_id, 1::int2 AS is_user_defined
    FROM lab.objects o JOIN lab.schemas s ON s.db = o.db AND s.name = o.schema_name WHERE o.db = @DB@ AND o.type = 'TT';
CREATE VIEW @SCHEMA@.columns AS SELECT c.object_id, c.name, c.column_id, coalesce(t.system_type_id, 231)::int2 AS system_type_id,
    coalesce(t.system_type_id, 231) AS user_type_id, lab.max_length(c.type, c.length, c.prec, c.scale)::int2 AS max_length, c.prec::int2 AS precision,
    c.scale::int2 AS scale, CASE WHEN c.type IN ('char', 'varchar', 'nchar', 'nvarchar', 'sysname') THEN 'SQL_Latin1_General_CP1_CI_AS' END COLLATE lab.ci AS collation_name,
    c.nullable::int::int2 AS is_nullable, 0::int2 AS is_rowguidcol, c.identity::int::int2 AS is_identity, (c.computed IS NOT NULL)::int::int2 AS is_computed,
    c.default_object_id, 0::int2 AS is_hidden, 0::int2 AS is_sparse, 0::int2 AS generated_always_type
    FROM lab.columns c JOIN lab.objects o USING (object_id) LEFT JOIN lab.types t ON t.name = c.type WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.all_columns AS SELECT * FROM @SCHEMA@.columns;
CREATE VIEW @SCHEMA@.identity_columns AS SELECT v.*, c.seed AS seed_value, c.increment AS increment_value,
    pg_sequence_last_value(pg_get_serial_sequence(c.object_id::oid::regclass::text, a.attname)::regclass) AS last_value
    FROM @SCHEMA@.columns v JOIN lab.columns c ON c.object_id = v.object_id AND c.column_id = v.column_id
    JOIN pg_attribute a ON a.attrelid = c.object_id::oid AND a.attnum = c.attnum WHERE c.identity;
CREATE VIEW @SCHEMA@.computed_columns AS SELECT v.*, c.computed AS definition, c.persisted::int::int2 AS is_persisted
    FROM @SCHEMA@.columns v JOIN lab.columns c ON c.object_id = v.object_id AND c.column_id = v.column_id WHERE c.computed IS NOT NULL;
CREATE VIEW @SCHEMA@.default_constraints AS SELECT a.*, d.column_id AS parent_column_id, d.definition, 0::int2 AS is_system_named
    FROM lab.defaults d JOIN @SCHEMA@.all_objects a ON a.object_id = d.object_id;
CREATE VIEW @SCHEMA@.check_constraints AS SELECT a.*, k.column_id AS parent_column_id, k.definition, k.disabled::int::int2 AS is_disabled,
    k.untrusted::int::int2 AS is_not_trusted, 0::int2 AS is_system_named FROM lab.checks k JOIN @SCHEMA@.all_objects a ON a.object_id = k.object_id;
CREATE VIEW @SCHEMA@.key_constraints AS SELECT a.*, i.index_id AS unique_index_id, 0::int2 AS is_system_named
    FROM @SCHEMA@.all_objects a JOIN lab.indexes i ON i.object_id = a.parent_object_id AND i.name = a.name WHERE a.type IN ('PK', 'UQ');
CREATE VIEW @SCHEMA@.foreign_keys AS SELECT a.*, f.referenced AS referenced_object_id, f.disabled::int::int2 AS is_disabled,
    f.untrusted::int::int2 AS is_not_trusted, replace(f.on_delete, ' ', '_') COLLATE lab.ci AS delete_referential_action_desc,
    replace(f.on_update, ' ', '_') COLLATE lab.ci AS update_referential_action_desc,
    (CASE f.on_delete WHEN 'CASCADE' THEN 1 WHEN 'SET NULL' THEN 2 WHEN 'SET DEFAULT' THEN 3 ELSE 0 END)::int2 AS delete_referential_action
    FROM lab.foreign_keys f JOIN @SCHEMA@.all_objects a ON a.object_id = f.object_id;
CREATE VIEW @SCHEMA@.foreign_key_columns AS SELECT k.object_id AS constraint_object_id, k.ordinal AS constraint_column_id, f.parent AS parent_object_id,
    k.parent_column_id, f.referenced AS referenced_object_id, k.referenced_column_id
    FROM lab.foreign_key_columns k JOIN lab.foreign_keys f USING (object_id) JOIN lab.objects o USING (object_id) WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.indexes AS SELECT o.object_id, i.name, coalesce(i.index_id, 0) AS index_id, CASE WHEN i.index_id IS NULL THEN 0 WHEN i.clustered THEN 1 ELSE 2 END::int2 AS type,
    CASE WHEN i.index_id IS NULL THEN 'HEAP' WHEN i.clustered THEN 'CLUSTERED' ELSE 'NONCLUSTERED' END COLLATE lab.ci AS type_desc, coalesce(i.is_unique, false)::int::int2 AS is_unique,
    coalesce(i.is_primary, false)::int::int2 AS is_primary_key, coalesce(i.is_constraint AND NOT i.is_primary, false)::int::int2 AS is_unique_constraint,
    coalesce(i.disabled, false)::int::int2 AS is_disabled, (i.filter IS NOT NULL)::int::int2 AS has_filter, i.filter AS filter_definition, 0::int2 AS is_hypothetical,
    0::int2 AS fill_factor, 1 AS data_space_id
    FROM lab.objects o CROSS JOIN LATERAL (SELECT x.* FROM lab.indexes x WHERE x.object_id = o.object_id
        UNION ALL SELECT (NULL::lab.indexes).* WHERE NOT EXISTS (SELECT 1 FROM lab.indexes c WHERE c.object_id = o.object_id AND c.clustered)) i
    WHERE o.db = @DB@ AND o.type = 'U';
CREATE VIEW @SCHEMA@.index_columns AS SELECT k.object_id, k.index_id, k.ordinal AS index_column_id, k.column_id,
    CASE WHEN k.included THEN 0 ELSE k.ordinal END::int2 AS key_ordinal, 0::int2 AS partition_ordinal, k.descending::int::int2 AS is_descending_key,
    k.included::int::int2 AS is_included_column FROM lab.index_columns k JOIN lab.objects o USING (object_id) WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.sql_modules AS SELECT m.object_id, m.definition, m.ansi_nulls::int::int2 AS uses_ansi_nulls, m.quoted::int::int2 AS uses_quoted_identifier,
    m.schemabinding::int::int2 AS is_schema_bound, 0::int2 AS uses_database_collation, 0::int2 AS is_recompiled, 0::int2 AS null_on_null_input
    FROM lab.modules m JOIN lab.objects o USING (object_id) WHERE o.db = @DB@ AND o.type <> 'TT';
CREATE VIEW @SCHEMA@.triggers AS SELECT o.name, o.object_id, 1::int2 AS parent_class, 'OBJECT_OR_COLUMN' COLLATE lab.ci AS parent_class_desc,
    o.parent_object_id AS parent_id, 'TR' COLLATE lab.ci AS type, 'SQL_TRIGGER' COLLATE lab.ci AS type_desc, o.create_date, o.modify_date,
    0::int2 AS is_ms_shipped, m.disabled::int::int2 AS is_disabled, 0::int2 AS is_not_for_replication, 0::int2 AS is_instead_of_trigger
    FROM lab.objects o JOIN lab.modules m USING (object_id) WHERE o.db = @DB@ AND o.type = 'TR';
CREATE VIEW @SCHEMA@.trigger_events AS SELECT o.object_id, CASE e WHEN 'INSERT' THEN 1 WHEN 'UPDATE' THEN 2 ELSE 3 END AS type, e COLLATE lab.ci AS type_desc
    FROM lab.objects o JOIN lab.modules m USING (object_id), unnest(string_to_array(m.events, ',')) e WHERE o.db = @DB@ AND o.type = 'TR';
CREATE VIEW @SCHEMA@.parameters AS SELECT p.object_id, p.name COLLATE lab.ci AS name, p.parameter_id, coalesce(t.system_type_id, 243)::int2 AS system_type_id,
    coalesce(t.system_type_id, 243) AS user_type_id, lab.max_length(p.type, p.length, p.prec, p.scale)::int2 AS max_length, p.prec::int2 AS precision,
    p.scale::int2 AS scale, p.output::int::int2 AS is_output, 0::int2 AS has_default_value, 1::int2 AS is_nullable
    FROM lab.parameters p JOIN lab.objects o USING (object_id) LEFT JOIN lab.types t ON t.name = p.type WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.sql_expression_dependencies AS SELECT d.referencing AS referencing_id, 0 AS referencing_minor_id, 1::int2 AS referencing_class,
    d.schema_name AS referenced_schema_name, d.entity AS referenced_entity_name, t.object_id AS referenced_id, 0 AS referenced_minor_id,
    1::int2 AS referenced_class, NULL::text AS referenced_database_name, NULL::text AS referenced_server_name, m.schemabinding::int::int2 AS is_schema_bound_reference,
    0::int2 AS is_caller_dependent, 0::int2 AS is_ambiguous
    FROM lab.dependencies d JOIN lab.objects o ON o.object_id = d.referencing JOIN lab.modules m ON m.object_id = o.object_id
    LEFT JOIN lab.objects t ON t.db = o.db AND t.name = d.entity AND t.schema_name = coalesce(nullif(d.schema_name, ''), 'dbo') WHERE o.db = @DB@;
CREATE VIEW @SCHEMA@.partitions AS SELECT (i.object_id::bigint * 1000 + i.index_id) AS partition_id, i.object_id, i.index_id, 1 AS partition_number,
    (i.object_id::bigint * 1000 + i.index_id) AS hobt_id, lab.row_count(i.object_id::oid::regclass) AS rows, 0::int2 AS data_compression,
    'NONE' COLLATE lab.ci AS data_compression_desc FROM @SCHEMA@.indexes i;
CREATE VIEW @SCHEMA@.dm_db_partition_stats AS SELECT p.partition_id, p.object_id, p.index_id, p.partition_number, p.rows AS row_count,
    lab.pages(p.object_id::oid::regclass) AS used_page_count, lab.pages(p.object_id::oid::regclass) AS reserved_page_count,
    lab.pages(p.object_id::oid::regclass) AS in_row_data_page_count FROM @SCHEMA@.partitions p;
CREATE VIEW @SCHEMA@.allocation_units AS SELECT partition_id AS container_id, 1::int2 AS type, 1::bigint AS total_pages, 1::bigint AS used_pages FROM @SCHEMA@.partitions;
CREATE VIEW @SCHEMA@.databases AS SELECT d.name, d.database_id, d.create_date, 160::int2 AS compatibility_level, 0::int2 AS state, 'ONLINE' COLLATE lab.ci AS state_desc,
    d.read_only::int::int2 AS is_read_only, 0::int2 AS user_access, 'MULTI_USER' COLLATE lab.ci AS user_access_desc, 1::int2 AS recovery_model,
    'FULL' COLLATE lab.ci AS recovery_model_desc, 1::int2 AS is_read_committed_snapshot_on, 0::int2 AS snapshot_isolation_state, 0::int2 AS is_auto_close_on,
    'SQL_Latin1_General_CP1_CI_AS' COLLATE lab.ci AS collation_name, NULL::int AS source_database_id FROM lab.databases d;
CREATE VIEW @SCHEMA@.database_principals AS SELECT name, principal_id, type COLLATE lab.ci AS type, CASE type WHEN 'R' THEN 'DATABASE_ROLE' ELSE 'SQL_USER' END COLLATE lab.ci AS type_desc,
    'dbo' COLLATE lab.ci AS default_schema_name FROM lab.principals WHERE db = @DB@;
CREATE VIEW @SCHEMA@.database_role_members AS SELECT r.principal_id AS role_principal_id, p.principal_id AS member_principal_id FROM lab.members m
    JOIN lab.principals r ON r.db = m.db AND r.name = m.role JOIN lab.principals p ON p.db = m.db AND p.name = m.member WHERE m.db = @DB@;
CREATE VIEW @SCHEMA@.database_permissions AS SELECT CASE class WHEN 'DATABASE' THEN 0 WHEN 'SCHEMA' THEN 3 ELSE 1 END::int2 AS class, class COLLATE lab.ci AS class_desc,
    p.principal_id AS grantee_principal_id, g.permission COLLATE lab.ci AS permission_name, g.state COLLATE lab.ci AS state_desc
    FROM lab.permissions g JOIN lab.principals p ON p.db = g.db AND p.name = g.principal WHERE g.db = @DB@;
CREATE VIEW @SCHEMA@.extended_properties AS SELECT 0::int2 AS class, 0 AS major_id, 0 AS minor_id, ''::text COLLATE lab.ci AS name, NULL::text AS value WHERE false;
CREATE VIEW @SCHEMA@.stats AS SELECT object_id, name, index_id AS stats_id, 0::int2 AS auto_created, 0::int2 AS user_created FROM @SCHEMA@.indexes WHERE index_id > 0;
CREATE VIEW @INFORMATION@.tables AS SELECT @DB@::text COLLATE lab.ci AS table_catalog, o.schema_name AS table_schema, o.name AS table_name,
    CASE o.type WHEN 'U' THEN 'BASE TABLE' ELSE 'VIEW' END COLLATE lab.ci AS table_type FROM lab.objects o WHERE o.db = @DB@ AND o.type IN ('U', 'V');
CREATE VIEW @INFORMATION@.columns AS SELECT @DB@::text COLLATE lab.ci AS table_catalog, o.schema_name AS table_schema, o.name AS table_name, c.name AS column_name,
    (row_number() OVER (PARTITION BY c.object_id ORDER BY c.column_id))::int AS ordinal_position,
    (SELECT d.definition FROM lab.defaults d WHERE d.object_id = c.default_object_id) AS column_default,
    CASE WHEN c.nullable THEN 'YES' ELSE 'NO' END COLLATE lab.ci AS is_nullable, (CASE c.type WHEN 'sysname' THEN 'nvarchar' ELSE c.type END) COLLATE lab.ci AS data_type,
    CASE WHEN c.type IN ('char', 'varchar', 'nchar', 'nvarchar', 'binary', 'varbinary', 'sysname') THEN c.length END AS character_maximum_length,
    CASE WHEN c.type IN ('tinyint', 'smallint', 'int', 'bigint', 'decimal', 'numeric', 'money', 'float', 'real') THEN c.prec::int2 END AS numeric_precision,
    CASE WHEN c.type IN ('tinyint', 'smallint', 'int', 'bigint', 'decimal', 'numeric', 'money') THEN c.scale END AS numeric_scale,
    CASE WHEN c.type IN ('datetime', 'datetime2', 'time', 'datetimeoffset') THEN c.scale::int2 END AS datetime_precision
    FROM lab.columns c JOIN lab.objects o USING (object_id) WHERE o.db = @DB@ AND o.type IN ('U', 'V');
CREATE VIEW @INFORMATION@.routines AS SELECT @DB@::text COLLATE lab.ci AS routine_catalog, o.schema_name AS routine_schema, o.name AS routine_name,
    CASE o.type WHEN 'P' THEN 'PROCEDURE' ELSE 'FUNCTION' END COLLATE lab.ci AS routine_type, m.definition AS routine_definition, o.create_date AS created,
    o.modify_date AS last_altered FROM lab.objects o JOIN lab.modules m USING (object_id) WHERE o.db = @DB@ AND o.type IN ('P', 'FN', 'IF');
CREATE VIEW @INFORMATION@.schemata AS SELECT @DB@::text COLLATE lab.ci AS catalog_name, name AS schema_name, 'dbo' COLLATE lab.ci AS schema_owner FROM lab.schemas WHERE db = @DB@;
CREATE VIEW @INFORMATION@.table_constraints AS SELECT @DB@::text COLLATE lab.ci AS constraint_catalog, o.schema_name AS constraint_schema, o.name AS constraint_name,
    t.schema_name AS table_schema, t.name AS table_name, CASE o.type WHEN 'PK' THEN 'PRIMARY KEY' WHEN 'UQ' THEN 'UNIQUE' WHEN 'C' THEN 'CHECK' ELSE 'FOREIGN KEY' END COLLATE lab.ci AS constraint_type
    FROM lab.objects o JOIN lab.objects t ON t.object_id = o.parent_object_id WHERE o.db = @DB@ AND o.type IN ('PK', 'UQ', 'C', 'F');
CREATE VIEW @INFORMATION@.views AS SELECT @DB@::text COLLATE lab.ci AS table_catalog, o.schema_name AS table_schema, o.name AS table_name, m.definition AS view_definition
    FROM lab.objects o JOIN lab.modules m USING (object_id) WHERE o.db = @DB@ AND o.type = 'V';
CREATE VIEW @INFORMATION@.key_column_usage AS SELECT @DB@::text COLLATE lab.ci AS constraint_catalog, o.schema_name AS constraint_schema, o.name AS constraint_name,
    t.schema_name AS table_schema, t.name AS table_name, c.name AS column_name, k.ordinal AS ordinal_position
    FROM lab.objects o JOIN lab.objects t ON t.object_id = o.parent_object_id JOIN lab.indexes i ON i.object_id = t.object_id AND i.name = o.name
    JOIN lab.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id JOIN lab.columns c ON c.object_id = k.object_id AND c.column_id = k.column_id
    WHERE o.db = @DB@ AND o.type IN ('PK', 'UQ')
    UNION ALL SELECT @DB@::text COLLATE lab.ci, o.schema_name, o.name, t.schema_name, t.name, c.name, k.ordinal
    FROM lab.objects o JOIN lab.foreign_key_columns k ON k.object_id = o.object_id JOIN lab.objects t ON t.object_id = o.parent_object_id
    JOIN lab.columns c ON c.object_id = t.object_id AND c.column_id = k.parent_column_id WHERE o.db = @DB@ AND o.type = 'F';
CREATE VIEW @INFORMATION@.referential_constraints AS SELECT @DB@::text COLLATE lab.ci AS constraint_catalog, o.schema_name AS constraint_schema, o.name AS constraint_name,
    @DB@::text COLLATE lab.ci AS unique_constraint_catalog, r.schema_name AS unique_constraint_schema, i.name AS unique_constraint_name,
    'SIMPLE' COLLATE lab.ci AS match_option, f.on_update COLLATE lab.ci AS update_rule, f.on_delete COLLATE lab.ci AS delete_rule
    FROM lab.foreign_keys f JOIN lab.objects o USING (object_id) JOIN lab.objects r ON r.object_id = f.referenced
    JOIN lab.indexes i ON i.object_id = r.object_id AND i.is_primary WHERE o.db = @DB@;
