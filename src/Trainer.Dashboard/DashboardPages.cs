using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Trainer.Dashboard;

/// <summary>Answers with the dashboard's files.</summary>
public static class DashboardPages
{
    /// <summary>Scripts, styles and calls of this place alone: text from a job's name can never become one.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    /// <returns>The endpoint.</returns>
    public static IEndpointConventionBuilder MapDashboardPage(this IEndpointRouteBuilder app, string pattern) => app.MapMethods(pattern, ["GET", "HEAD"], http => AnswerAsync(http, DashboardFiles.Page));

    /// <param name="pattern">With the file's name as {file}.</param>
    /// <returns>The endpoint.</returns>
    public static IEndpointConventionBuilder MapDashboardFiles(this IEndpointRouteBuilder app, string pattern) =>
        app.MapMethods(pattern, ["GET", "HEAD"], http => AnswerAsync(http, $"{http.Request.RouteValues["file"]}"));

    private static async Task AnswerAsync(HttpContext http, string name)
    {
        var (response, headers) = (http.Response, http.Response.Headers);
        (headers.ContentSecurityPolicy, headers.XContentTypeOptions, headers["Referrer-Policy"]) = (Policy, "nosniff", "no-referrer");
        (headers["Cross-Origin-Opener-Policy"], headers["Cross-Origin-Resource-Policy"]) = ("same-origin", "same-origin");
        if (DashboardFiles.Find(name) is not { } file)
        {
            (response.StatusCode, response.ContentType) = (StatusCodes.Status404NotFound, "text/plain; charset=utf-8");
            await response.WriteAsync("There is no such file.", http.RequestAborted);
            return;
        }

        (headers.ETag, headers.CacheControl) = (file.Tag, "no-cache"); // Kept, and asked for again: the next release has other files.
        if (http.Request.Headers.IfNoneMatch.Contains(file.Tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        // Every browser takes it, and to unpack it for whoever asks would cost.
        (response.ContentType, headers.ContentEncoding, response.ContentLength) = (file.Type, "gzip", file.Content.Length);
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await response.Body.WriteAsync(file.Content, http.RequestAborted);
        }
    }
}
