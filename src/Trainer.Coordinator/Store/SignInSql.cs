using Trainer.Protos;

namespace Trainer.Coordinator.Store;

/// <summary>A code that begins a session, as it is stored.</summary>
/// <param name="Hash">SHA-256 of the code, in hexadecimal.</param>
/// <param name="Parent">The id of the token that it was made with, or the mark of the cluster's own.</param>
public sealed record SignInCode(string Hash, string Parent, string User, Role Role, DateTimeOffset Expires);

/// <summary>Statements about codes. One for each token and user at most.</summary>
internal static class SignInSql
{
    public const string Replace = """
        DELETE FROM sign_in_codes WHERE (parent = @Parent AND user_name = @User) OR expires < @Now;
        INSERT INTO sign_in_codes (hash, parent, user_name, role, expires) VALUES (@Hash, @Parent, @User, @Role, @Expires)
        """;

    public const string Exists = "SELECT COUNT(*) FROM sign_in_codes WHERE hash = @hash";

    public const string Take = "DELETE FROM sign_in_codes WHERE hash = @hash RETURNING hash, parent, user_name AS \"user\", role, expires";

    public static object Values(SignInCode code, DateTimeOffset now) =>
        new { code.Hash, code.Parent, code.User, Role = (long)code.Role, Expires = code.Expires.ToUnixTimeMilliseconds(), Now = now.ToUnixTimeMilliseconds() };
}

/// <summary>A row of the table.</summary>
internal sealed record SignInColumns
{
    public string Hash { get; init; } = "";

    public string Parent { get; init; } = "";

    public string User { get; init; } = "";

    public long Role { get; init; }

    public long Expires { get; init; }

    public SignInCode ToCode() => new(Hash, Parent, User, (Role)Role, DateTimeOffset.FromUnixTimeMilliseconds(Expires));
}
