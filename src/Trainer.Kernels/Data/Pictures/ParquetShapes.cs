using System.Collections.Frozen;
using System.Globalization;

namespace Trainer.Kernels.Data.Pictures;

/// <summary>What Parquet's metadata consist of, as far as its library reads it: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift. A name in brackets is a list.</summary>
internal static class ParquetShapes
{
    public const string File = "FileMetaData";
    public const string Page = "PageHeader";

    private static readonly FrozenDictionary<string, FrozenDictionary<int, string>> Fields = """
        FileMetaData 1:i32 2:[SchemaElement] 3:i64 4:[RowGroup] 5:[KeyValue] 6:binary 7:[struct] 8:struct 9:binary
        SchemaElement 1:i32 2:i32 3:i32 4:binary 5:i32 6:i32 7:i32 8:i32 9:i32 10:LogicalType
        LogicalType 1:struct 2:struct 3:struct 4:struct 5:DecimalType 6:struct 7:TimeType 8:TimeType 10:IntType 11:struct 12:struct 13:struct 14:struct 15:struct
        DecimalType 1:i32 2:i32
        TimeType 1:bool 2:struct
        IntType 1:byte 2:bool
        RowGroup 1:[ColumnChunk] 2:i64 3:i64 4:[SortingColumn] 5:i64 6:i64 7:i16
        SortingColumn 1:i32 2:bool 3:bool
        ColumnChunk 1:binary 2:i64 3:ColumnMetaData 4:i64 5:i32 6:i64 7:i32 8:struct 9:binary
        ColumnMetaData 1:i32 2:[i32] 3:[binary] 4:i32 5:i64 6:i64 7:i64 8:[KeyValue] 9:i64 10:i64 11:i64 12:Statistics 13:[PageEncodingStats] 14:i64 15:i32 16:SizeStatistics 17:struct
        KeyValue 1:binary 2:binary
        Statistics 1:binary 2:binary 3:i64 4:i64 5:binary 6:binary 7:bool 8:bool
        PageEncodingStats 1:i32 2:i32 3:i32
        SizeStatistics 1:i64 2:[i64] 3:[i64]
        PageHeader 1:i32 2:i32 3:i32 4:i32 5:DataPageHeader 6:struct 7:DictionaryPageHeader 8:DataPageHeaderV2
        DataPageHeader 1:i32 2:i32 3:i32 4:i32 5:Statistics
        DictionaryPageHeader 1:i32 2:i32 3:bool
        DataPageHeaderV2 1:i32 2:i32 3:i32 4:i32 5:i32 6:i32 7:bool 8:Statistics
        """.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line.Split(' '))
        .ToFrozenDictionary(line => line[0], line => line[1..].Select(field => field.Split(':')).ToFrozenDictionary(field => int.Parse(field[0], CultureInfo.InvariantCulture), field => field[1]));

    /// <summary>What a field of a struct is; null: the library does not know it, and skips it.</summary>
    /// <param name="shape">The struct's name; null: one that is skipped.</param>
    public static string? FieldOf(string? shape, int field) => shape is not null && Fields.TryGetValue(shape, out var fields) ? fields.GetValueOrDefault(field) : null;

    /// <summary>What a list's elements are; null: it is skipped.</summary>
    public static string? ElementOf(string? list) => list?[1..^1];

    /// <summary>Whether a value of a type of Thrift's compact protocol is that.</summary>
    public static bool IsOf(string? shape, int type) => shape switch
    {
        null => true,
        "bool" => type is 1 or 2,
        "byte" => type == 3,
        "i16" => type == 4,
        "i32" => type == 5,
        "i64" => type == 6,
        "binary" => type == 8,
        ['[', ..] => type == 9,
        _ => type == 12,
    };
}
