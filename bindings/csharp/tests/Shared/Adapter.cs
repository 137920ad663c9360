// HTTP clients other than the session's own, for scenarios "via adapter": one with the package's
// handler in it, one that an Exchange tells what to send and when to send it again.

using System;
using System.Collections.Generic;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;

namespace ThingSpace.Tests;

/// <summary>Who sends the requests of a scenario.</summary>
public enum Via
{
    Session,
    Handler,
    Exchange,
}

internal sealed class Adapter(Session session, Via via, bool isAsync)
{
    internal async Task<Answer> Send(
        string method, string path, List<KeyValuePair<string, string>> headers, string? body)
    {
        var url = new Uri(session.BaseAddress, path.TrimStart('/'));
        HttpRequestMessage Request()
        {
            var request = new HttpRequestMessage(new HttpMethod(method), url);
            if (body is not null)
            {
                request.Content = new StringContent(body, Encoding.UTF8, "application/json");
            }

            foreach (KeyValuePair<string, string> header in headers)
            {
                if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value))
                {
                    request.Content!.Headers.Remove(header.Key);
                    request.Content.Headers.Add(header.Key, header.Value);
                }
            }

            return request;
        }

        var sends = new HttpClientHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(
            via == Via.Handler ? new ThingSpaceHandler(session, sends) : sends);
        if (via == Via.Handler)
        {
            return await Sent(http, Request(), isAsync);
        }

        using Exchange exchange = session.BeginExchange(url);
        while (true)
        {
            if (exchange.GetTokens() is { } tokens)
            {
                HttpRequestMessage request = Request();
                request.Headers.Authorization = new("Bearer", tokens.ApiToken);
                request.Headers.Add(session.SessionTokenHeader, tokens.SessionToken);
                Answer answer = await Sent(http, request, isAsync);
                if (exchange.Answered(answer.Status, answer.Body))
                {
                    return answer;
                }
            }

            if (isAsync)
            {
                await exchange.RenewAsync();
            }
            else
            {
                exchange.Renew();
            }
        }
    }

    /// <summary>Blocks if it is not asynchronous, where the handler's build knows that.</summary>
    private static async Task<Answer> Sent(
        HttpClient http, HttpRequestMessage request, bool isAsync)
    {
        using (request)
#if NET8_0_OR_GREATER && !TSM_NETSTANDARD
        using (HttpResponseMessage response =
            isAsync ? await http.SendAsync(request) : http.Send(request))
#else
        using (HttpResponseMessage response = await http.SendAsync(request))
#endif
        {
            return new Answer(
                (int)response.StatusCode, await response.Content.ReadAsByteArrayAsync());
        }
    }
}

/// <summary>An answer, whoever got it.</summary>
internal sealed class Answer(int status, byte[] body)
{
    internal int Status => status;

    internal byte[] Body => body;

    internal string Text => Encoding.UTF8.GetString(body);

    /// <summary>
    /// Throws the error that the session makes of an answer by itself: one about a token. The
    /// thorough check throws for any answer that is an error.
    /// </summary>
    internal void Check(bool isThorough)
    {
        if (!Session.TryCheck(status, body, out ThingSpaceException? error) &&
            (isThorough || error.Status is TsmStatus.SessionExpired or TsmStatus.ApiToken))
        {
            throw error;
        }
    }
}
