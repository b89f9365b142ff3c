using Google.Protobuf.WellKnownTypes;
using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A token as it is stored.</summary>
/// <param name="Hash">SHA-256 of the secret, in hexadecimal.</param>
public sealed record StoredToken(Token Token, string Hash);

/// <summary>Statements about tokens.</summary>
internal static class TokenSql
{
    public const string Select = "SELECT id, hash, user_name AS \"user\", role, created, expires, created_by AS \"createdBy\", is_session AS \"isSession\", parent FROM tokens ORDER BY created, id";

    public const string Insert = """
        INSERT INTO tokens (id, hash, user_name, role, created, expires, created_by, is_session, parent)
        VALUES (@Id, @Hash, @User, @Role, @Created, @Expires, @CreatedBy, @IsSession, @Parent)
        """;

    /// <summary>With the sessions that began by it.</summary>
    public const string Delete = "DELETE FROM tokens WHERE id = @id OR (is_session = 1 AND parent = @id)";

    /// <summary>Sessions that have ended, and a user's oldest ones.</summary>
    public const string DeleteOldSessions = """
        DELETE FROM tokens WHERE is_session = 1 AND (expires < @Created OR id IN (
          SELECT id FROM tokens WHERE is_session = 1 AND parent = @Parent AND user_name = @User ORDER BY created DESC, id DESC LIMIT 1000000 OFFSET @Most))
        """;

    public static TokenColumns Values(StoredToken stored) => new()
    {
        Id = stored.Token.Id,
        Hash = stored.Hash,
        User = stored.Token.User,
        Role = (long)stored.Token.Role,
        Created = stored.Token.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds(),
        Expires = stored.Token.ExpireTime?.ToDateTimeOffset().ToUnixTimeMilliseconds(),
        CreatedBy = stored.Token.CreatedBy,
        IsSession = stored.Token.Session ? 1 : 0,
        Parent = stored.Token.Parent,
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

    public long IsSession { get; init; }

    public string Parent { get; init; } = "";

    public StoredToken ToToken() => new(
        new Token
        {
            Id = Id,
            User = User,
            Role = (Role)Role,
            CreateTime = Time(Created),
            ExpireTime = Expires is { } expires ? Time(expires) : null,
            CreatedBy = CreatedBy,
            Session = IsSession != 0,
            Parent = Parent,
        },
        Hash);

    private static Timestamp Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).ToTimestamp();
}
