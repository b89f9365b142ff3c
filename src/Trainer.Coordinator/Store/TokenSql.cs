using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A token as it is stored.</summary>
/// <param name="Hash">SHA-256 of the secret, in hexadecimal.</param>
public sealed record StoredToken(Token Token, string Hash);

/// <summary>Statements about tokens.</summary>
internal static class TokenSql
{
    public const string Select = "SELECT id, hash, user_name AS \"user\", role, created, expires, created_by AS \"createdBy\" FROM tokens ORDER BY created, id";

    public const string Insert = """
        INSERT INTO tokens (id, hash, user_name, role, created, expires, created_by) VALUES (@Id, @Hash, @User, @Role, @Created, @Expires, @CreatedBy)
        """;

    public const string Delete = "DELETE FROM tokens WHERE id = @id";

    public static TokenColumns Values(StoredToken stored) => new()
    {
        Id = stored.Token.Id,
        Hash = stored.Hash,
        User = stored.Token.User,
        Role = (long)stored.Token.Role,
        Created = stored.Token.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds(),
        Expires = stored.Token.ExpireTime?.ToDateTimeOffset().ToUnixTimeMilliseconds(),
        CreatedBy = stored.Token.CreatedBy,
    };
}

/// <summary>A row of the table.</summary>
internal sealed record TokenColumns
{
    public string Id { get; init; } = "";

    public string Hash { get; init; } = "";

    public string User { get; init; } = "";

    public long Role { get; init; }

    public long Created { get; init; }

    public long? Expires { get; init; }

    public string CreatedBy { get; init; } = "";

    public StoredToken ToToken() => new(
        new Token
        {
            Id = Id,
            User = User,
            Role = (Role)Role,
            CreateTime = Time(Created),
            ExpireTime = Expires is { } expires ? Time(expires) : null,
            CreatedBy = CreatedBy,
        },
        Hash);

    private static Timestamp Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToTimestamp();
}
