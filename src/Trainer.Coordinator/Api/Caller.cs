using Grpc.Core;

namespace Trainer.Coordinator.Api;

/// <summary>Who calls, as they say themselves: all have one token, so it is information, not proof.</summary>
internal static class Caller
{
    private const string Header = "trainer-user";
    private const int Longest = 64;

    /// <summary>Empty: they do not say.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: that is no name.</exception>
    public static string Of(ServerCallContext context)
    {
        var name = context.RequestHeaders.GetValue(Header) ?? "";
        return name.Length <= Longest && name.All(letter => letter is > ' ' and <= '~')
            ? name
            : throw ApiErrors.InvalidField(Header, $"must be at most {Longest} ASCII letters, digits and signs, without blanks");
    }
}
