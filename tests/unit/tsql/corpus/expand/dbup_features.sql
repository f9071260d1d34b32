-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- Numbered scripts of a DbUp project, as several people write them over a year.
-- Script0101 - feature switches.sql
create table dbo.FeatureSwitch
(
    Name varchar(100) not null constraint PK_FeatureSwitch primary key,
    IsOn bit not null constraint DF_FeatureSwitch_IsOn default 0,
    ChangedBy nvarchar(128) null,
    ChangedAt datetime2 not null constraint DF_FeatureSwitch_ChangedAt default getutcdate()
)
go
insert dbo.FeatureSwitch (Name, IsOn) values ('new-basket', 0), ('new-search', 0), ('dark-mode', 1)
go
create procedure dbo.FeatureSwitch_IsOn @name varchar(100) as
    set nocount on
    select isnull((select IsOn from dbo.FeatureSwitch where Name = @name), 0) as IsOn
go
create procedure dbo.FeatureSwitch_Set @name varchar(100), @on bit as
begin
    set nocount on
    update dbo.FeatureSwitch set IsOn = @on, ChangedAt = getutcdate(), ChangedBy = suser_sname() where Name = @name
    if @@rowcount = 0
        insert dbo.FeatureSwitch (Name, IsOn, ChangedBy) values (@name, @on, suser_sname())
end
go
-- Script0102 - basket.sql
create table dbo.Basket
(
    BasketId uniqueidentifier not null constraint PK_Basket primary key nonclustered,
    CustomerId int null,
    CreatedAt datetime2(0) not null,
    index CX_Basket clustered (CreatedAt)
)
go
create table dbo.BasketLine
(
    BasketId uniqueidentifier not null constraint FK_BasketLine_Basket references dbo.Basket (BasketId) on delete cascade,
    LineNumber smallint not null,
    ProductId int not null,
    Quantity int not null constraint CK_BasketLine_Quantity check (Quantity > 0),
    Price smallmoney not null,
    Total as (Quantity * Price) persisted,
    constraint PK_BasketLine primary key (BasketId, LineNumber)
)
go
create index IX_BasketLine_Product on dbo.BasketLine (ProductId)
go
alter table dbo.BasketLine add constraint DF_BasketLine_Quantity default 1 for Quantity
go
-- Script0103 - search.sql
alter table dbo.Product add SearchText nvarchar(400) null
go
alter table dbo.Product add PublishedAt datetime2(0) null, WithdrawnAt datetime2(0) null
go
create view dbo.ProductsForSearch
as
    select p.ProductId, p.Name, c.Name as Category, p.SearchText
    from dbo.Product p
    inner join dbo.Category c on c.CategoryId = p.CategoryId
go
create function dbo.SearchWords (@text nvarchar(400)) returns @words table (Word nvarchar(100) not null primary key)
as
begin
    declare @at int = 1, @next int
    while @at <= len(@text)
    begin
        set @next = charindex(' ', @text + ' ', @at)
        if @next > @at and not exists (select 1 from @words where Word = substring(@text, @at, @next - @at))
            insert @words (Word) values (substring(@text, @at, @next - @at))
        set @at = @next + 1
    end
    return
end
go
create procedure dbo.Product_Search_2 @text nvarchar(400), @take int = 20
as
begin
    set nocount on
    select top (@take) p.ProductId, p.Name, p.Category, count(*) as Hits
    from dbo.ProductsForSearch p
    cross apply dbo.SearchWords(@text) w
    where p.SearchText like '%' + w.Word + '%'
    group by p.ProductId, p.Name, p.Category
    order by count(*) desc, p.Name
end
go
grant execute on dbo.Product_Search_2 to web_user
go
-- Script0104 - audit.sql
if object_id('dbo.AuditEvent') is null
    create table dbo.AuditEvent
    (
        AuditEventId bigint identity not null constraint PK_AuditEvent primary key,
        HappenedAt datetime2(3) not null constraint DF_AuditEvent_HappenedAt default sysutcdatetime(),
        Kind varchar(40) not null,
        Body nvarchar(max) not null constraint CK_AuditEvent_Body check (isjson(Body) = 1)
    ) with (data_compression = row)
go
if not exists (select 1 from sys.indexes where name = 'IX_AuditEvent_Kind' and object_id = object_id('dbo.AuditEvent'))
    create index IX_AuditEvent_Kind on dbo.AuditEvent (Kind, HappenedAt)
go
create procedure dbo.AuditEvent_Add @kind varchar(40), @body nvarchar(max)
as
begin
    set nocount on
    begin try
        insert dbo.AuditEvent (Kind, Body) values (@kind, @body)
    end try
    begin catch
        declare @text nvarchar(2048) = error_message()
        print @text
    end catch
end
go
create procedure dbo.AuditEvent_Read @kind varchar(40) = null
as
    select AuditEventId, HappenedAt, Kind, json_value(Body, '$.user') as [User], j.Name, j.Old, j.New
    from dbo.AuditEvent
    outer apply openjson(Body, '$.changes') with (Name nvarchar(100) '$.name', Old nvarchar(400) '$.old', New nvarchar(400) '$.new') as j
    where @kind is null or Kind = @kind
    for json path
go
-- Script0105 - tenants see their own rows.sql
create schema security
go
create function security.fnTenant (@TenantId int) returns table with schemabinding
as
    return select 1 as Allowed where @TenantId = cast(session_context(N'TenantId') as int)
go
declare @version varchar(20)
set @version = cast(serverproperty('ProductVersion') as varchar(20))
if @version like '1[0-2].%'
    raiserror('SQL Server 2016 or newer is needed', 16, 1)
go
