-- SPDX-FileCopyrightText: zero_downtime.dotnet contributors
-- SPDX-License-Identifier: GPL-3.0-or-later
-- In the manner of DbUp: the journal that it makes, and scripts as they lie in such projects.
create table [SchemaVersions] (
    [Id] int identity(1,1) not null constraint [PK_SchemaVersions_Id] primary key,
    [ScriptName] nvarchar(255) not null,
    [Applied] datetime not null
)
GO
insert into [SchemaVersions] (ScriptName, Applied) values (N'Script0001.sql', getdate())
GO
select [ScriptName] from [SchemaVersions] order by [ScriptName]
GO
create table dbo.Redirect(
	Id int identity not null,
	[From] nvarchar(255) not null,
	[To] nvarchar(255) not null,
	constraint PK_Redirect_Id primary key clustered (Id asc)
)
go
create table dbo.[Setting](
	Id nvarchar(50) not null constraint PK_Setting_Id primary key,
	Value nvarchar(max) not null,
	Nr int null
)
go
insert into dbo.[Setting](Id, Value) values ('ui-title', 'My site')
insert into dbo.[Setting](Id, Value) values ('ui-introduction', 'Welcome to ''us''')
go
alter table dbo.Entry add MetaTitle nvarchar(255) null
go
declare @next int
select @next = isnull(max(Nr), 0) + 1 from dbo.[Setting]
while @next < 10
begin
	insert into dbo.[Setting](Id, Value, Nr) values ('s' + cast(@next as nvarchar(10)), '', @next)
	set @next = @next + 1
end
go
if not exists (select * from sys.indexes where name = 'IX_Redirect_From' and object_id = object_id('dbo.Redirect'))
	create nonclustered index IX_Redirect_From on dbo.Redirect([From])
go
create procedure dbo.SearchEntries
	@searchText nvarchar(1000)
as
begin
	set nocount on
	declare @words table (w nvarchar(100))
	insert into @words select value from string_split(@searchText, ' ')
	;with hits as (
		select e.Id, count(*) as n from dbo.Entry e join @words w on e.Title like '%' + w.w + '%' group by e.Id
	)
	select top 20 e.Id, e.Title, h.n from dbo.Entry e inner join hits h on h.Id = e.Id order by h.n desc
	if @@error <> 0 return 1
	return 0
end
go
