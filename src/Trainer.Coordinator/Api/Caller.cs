using Grpc.Core;

namespace Trainer.Coordinator.Api;

/// <summary>Names of users.</summary>
internal static class Caller
{
    /// <summary>Who calls, as they say themselves: whoever has the cluster's own token is believed, since it may do everything.</summary>
    public const string Header = "trainer-user";

    private const int Longest = 64;

    /// <summary>The user of the call's token. Empty: they do not say.</summary>
    public static string Of(ServerCallContext context) => Principal.Of(context).User;

    /// <exception cref="RpcException">INVALID_ARGUMENT: that is no name.</exception>
    public static string Check(string name, string field = Header) => name.Length <= Longest && name.All(letter => letter is > ' ' and <= '~')
        ? name
        : throw ApiErrors.InvalidField(field, $"must be at most {Longest} ASCII letters, digits and signs, without blanks");
}
