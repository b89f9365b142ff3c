using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Trainer.Hosting.Limits;
using Trainer.Hosting.Web;

namespace Trainer.Hosting.Tests.Web;

public sealed class ListeningTests
{
    [Fact]
    public async Task An_address_that_is_not_this_machines_is_named()
    {
        using var listening = new Listening("192.0.2.7", new ConnectionGate(ProcessLimits.Usual, TimeProvider.System, NullLogger.Instance), certificates: null);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => listening.Bind(kestrel, 0, HttpProtocols.Http1));
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<IOException>(() => Listening.StartAsync(app, listening));

        Assert.Equal("192.0.2.7:0 cannot be bound: cannot assign requested address", refused.Message);
    }

    [Theory]
    [InlineData("0.0.0.0", "10.0.0.7")]
    [InlineData("::", "fd00::7", "10.0.0.7")]
    [InlineData("::", "10.0.0.7", "fd00::7")]
    [InlineData("::", "fd00::7", "fd00::b")]
    [InlineData("0.0.0.0")]
    public void A_name_listens_at_every_family_of_its_addresses(string expected, params string[] own) =>
        Assert.Equal(IPAddress.Parse(expected), Listening.AnyOf([.. own.Select(IPAddress.Parse)]));
}
