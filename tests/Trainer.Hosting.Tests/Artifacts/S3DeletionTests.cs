using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Amazon.Runtime;
using Trainer.Hosting.Artifacts;

namespace Trainer.Hosting.Tests.Artifacts;

/// <summary>Many objects at once, against a server that answers as Amazon's documentation shows, and as stores do that do not know the request. (The suite of all stores deletes from s3rver.)</summary>
public sealed partial class S3DeletionTests : IDisposable
{
    private const int Objects = 2003;

    private readonly HttpListener _server = new();
    private readonly ArtifactStores _stores;
    private readonly List<(string Line, string[] Keys)> _asked = [];
    private (int Status, string Text) _answer = (200, """<?xml version="1.0" encoding="UTF-8"?><DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>""");

    public S3DeletionTests()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var endpoint = $"http://127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}";
        port.Stop();
        _server.Prefixes.Add(endpoint + "/");
        _server.Start();
        _ = AnswerAsync();
        _stores = new ArtifactStores(() => new S3Access(endpoint).Connect(new BasicAWSCredentials("a", "b")));
    }

    public void Dispose()
    {
        _stores.Dispose();
        _server.Close();
    }

    [Fact]
    public void A_thousand_objects_are_one_request()
    {
        _stores.Open("s3://training/jobs").Delete("j");

        Assert.Equal([1000, 1000, 4], _asked.Where(one => one.Line.StartsWith("POST /training/?delete", StringComparison.Ordinal)).Select(one => one.Keys.Length));
        Assert.Equal(["jobs/j", .. Enumerable.Range(0, Objects).Select(i => $"jobs/j/{i:0000}")], _asked.SelectMany(one => one.Keys).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(_asked, one => one.Line.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_not_deleted_is_told_by_its_key()
    {
        _answer.Text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Error><Key>jobs/j</Key><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>
              <Error><Key>jobs/j/0007</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>
              <Error><Key>jobs/j/0008</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>
            </DeleteResult>
            """;
        var fault = Assert.Throws<IOException>(() => _stores.Open("s3://training/jobs").Delete("j"));
        Assert.Equal("s3://training/jobs/j/0007: AccessDenied: Access Denied. So it is with 1 more.", fault.Message);

        _answer.Text = """<?xml version="1.0" encoding="UTF-8"?><DeleteResult><Error><Key>jobs/j</Key><Code>NoSuchKey</Code><Message>None.</Message></Error></DeleteResult>""";
        _stores.Open("s3://training/jobs").Delete("j"); // What is not there need not be deleted.
    }

    [Fact]
    public void A_store_that_does_not_know_the_request_is_asked_for_each()
    {
        _answer = (501, """<?xml version="1.0" encoding="UTF-8"?><Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented.</Message></Error>""");
        _stores.Open("s3://training/jobs").Delete("j");

        Assert.Equal(1 + Objects, _asked.Count(one => one.Line.StartsWith("DELETE /training/jobs/j", StringComparison.Ordinal)));
        Assert.InRange(_asked.Count(one => one.Line.StartsWith("POST", StringComparison.Ordinal)), 1, 4); // Repeated, as any fault of a store is, and not again.
    }

    private async Task AnswerAsync()
    {
        while (_server.IsListening)
        {
            var context = await _server.GetContextAsync();
            using var content = new StreamReader(context.Request.InputStream);
            var keys = Keys().Matches(await content.ReadToEndAsync()).Select(key => key.Groups[1].Value).ToArray();
            _asked.Add(($"{context.Request.HttpMethod} {context.Request.RawUrl}", keys));
            var (status, text) = context.Request.HttpMethod switch { "GET" => (200, Listed()), "POST" => _answer, _ => (204, "") };
            (context.Response.StatusCode, context.Response.ContentType) = (status, "application/xml");
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
    }

    private static string Listed()
    {
        var entries = string.Concat(Enumerable.Range(0, Objects).Select(i => $"<Contents><Key>jobs/j/{i:0000}</Key><LastModified>2026-01-31T11:00:00.000Z</LastModified><Size>1</Size></Contents>"));
        return $"""<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>training</Name><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>""";
    }

    [GeneratedRegex("<Key>(?<key>[^<]+)</Key>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Keys();
}
