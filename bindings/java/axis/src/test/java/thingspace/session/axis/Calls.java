package thingspace.session.axis;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Vector;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.axis.client.Call;
import org.apache.axis.client.Service;
import org.apache.axis.message.SOAPBodyElement;

/** What an Axis client asks of the platform: GetDeviceList, as a document. */
final class Calls {
    static final String NAMESPACE = "http://nphase.com/unifiedwebservice/v2";

    private Calls() {}

    static Call of(Service service, String soapUrl) throws Exception {
        // createCall() may give one call to two threads that ask at once.
        Call call = new Call(service);
        call.setTargetEndpointAddress(soapUrl + "/DeviceService.svc");
        call.setUseSOAPAction(true);
        call.setSOAPActionURI(NAMESPACE + "/IDeviceService/GetDeviceList");
        return call;
    }

    /** How many devices the answer lists. */
    static int devices(Call call) throws Exception {
        String body = "<v2:GetDeviceList xmlns:v2=\"" + NAMESPACE + "\"><v2:Input/>"
                + "</v2:GetDeviceList>";
        Object[] parameters = {
            new SOAPBodyElement(
                    new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)))
        };
        Vector<?> answer = (Vector<?>) call.invoke(parameters);
        return ((SOAPBodyElement) answer.get(0)).getAsDOM()
                .getElementsByTagNameNS("*", "DeviceInformation").getLength();
    }

    /** Runs the same on so many threads at once. */
    static <T> List<T> atOnce(int threads, Callable<T> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        CountDownLatch start = new CountDownLatch(threads);
        try {
            List<Future<T>> running = new ArrayList<>();
            for (int n = 0; n < threads; n++) {
                running.add(pool.submit(() -> {
                    start.countDown();
                    start.await();
                    return work.call();
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> one : running) {
                results.add(one.get());
            }
            return results;
        } finally {
            pool.shutdown();
        }
    }
}
