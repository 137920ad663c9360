using System;
using System.Collections.Concurrent;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Xunit;

namespace ThingSpace.Tests;

/// <summary>Requests through a proxy, whatever carries them.</summary>
public class ProxyTests
{
    private const string User = "me:hunter2";

    [Fact]
    public async Task All_requests_go_through_it_as_its_user()
    {
        using Sandbox sandbox = Sandbox.Start();
        using var proxy = new Proxy();
        using Session session = Through(proxy, sandbox);
        int tunnels = proxy.Tunnels;
        Assert.NotEqual(0, tunnels);
        Assert.Equal(200, session.Get(Sandbox.Account).StatusCode);
        Assert.Equal(200, (await session.GetAsync(Sandbox.Account)).StatusCode);
        Assert.Equal(sandbox.Count("connections"), proxy.Tunnels);
    }

    [Fact]
    public async Task One_that_refuses_is_named_without_its_password()
    {
        using Sandbox sandbox = Sandbox.Start();
        using var proxy = new Proxy();
        using Session session = Through(proxy, sandbox);
        proxy.Refuse();
        ThingSpaceException e = await Assert.ThrowsAsync<ThingSpaceException>(
            () => session.PostAsync(Sandbox.DeviceList, "{}"));
        Assert.Equal(TsmStatus.Network, e.Status);
        Assert.Contains(proxy.Authority, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);
    }

    private static Session Through(Proxy proxy, Sandbox sandbox)
    {
        SessionOptions options = sandbox.Options();
        options.BaseUrl = sandbox.TlsBaseUrl;
        options.CaFile = sandbox.CaFile;
        options.Proxy = $"http://{User}@{proxy.Authority}";
        return Session.Login(options);
    }

    /// <summary>A proxy that makes tunnels for its user alone, or for nobody any more.</summary>
    private sealed class Proxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly ConcurrentBag<TcpClient> _clients = [];
        private volatile bool _refuses;
        private int _tunnels;

        internal Proxy()
        {
            _listener.Start();
            _ = Accept();
        }

        internal string Authority => _listener.LocalEndpoint.ToString()!;

        internal int Tunnels => _tunnels;

        /// <summary>Ends all tunnels and makes no more.</summary>
        internal void Refuse()
        {
            _refuses = true;
            EndTunnels();
        }

        public void Dispose()
        {
            _listener.Stop();
            EndTunnels();
        }

        private void EndTunnels()
        {
            while (_clients.TryTake(out TcpClient? client))
            {
                client.Dispose();
            }
        }

        private async Task Accept()
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _clients.Add(client);
                _ = Serve(client.GetStream());
            }
        }

        private async Task Serve(NetworkStream client)
        {
            string user = Convert.ToBase64String(Encoding.ASCII.GetBytes(User));
            while (true)
            {
                string[] head = await ReadHead(client);
                bool isUser = head.Any(
                    line => line.Equals(
                        "Proxy-Authorization: Basic " + user, StringComparison.OrdinalIgnoreCase));
                if (isUser && !_refuses)
                {
                    await Tunnel(client, head[0].Split(' ')[1]);
                    return;
                }

                await Say(
                    client,
                    "HTTP/1.1 407 Not You\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
                    "Content-Length: 0\r\n\r\n");
            }
        }

        private async Task Tunnel(NetworkStream client, string place)
        {
            var server = new TcpClient();
            _clients.Add(server);
            await server.ConnectAsync(IPAddress.Loopback, new Uri("tcp://" + place).Port);
            _tunnels++;
            await Say(client, "HTTP/1.1 200 Through\r\n\r\n");
            Task up = client.CopyToAsync(server.GetStream());
            Task down = server.GetStream().CopyToAsync(client);
            await Task.WhenAny(up, down);
        }

        private static Task Say(NetworkStream client, string head) =>
            client.WriteAsync(Encoding.ASCII.GetBytes(head), 0, head.Length);

        private static async Task<string[]> ReadHead(NetworkStream client)
        {
            var head = new StringBuilder();
            var one = new byte[1].AsMemory();
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                if (await client.ReadAsync(one) == 0)
                {
                    throw new EndOfStreamException();
                }

                head.Append((char)one.Span[0]);
            }

            return head.ToString().Split(["\r\n"], StringSplitOptions.None);
        }
    }
}
