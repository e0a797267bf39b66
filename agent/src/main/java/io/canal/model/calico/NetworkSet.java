package io.canal.model.calico;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.Problem;
import io.canal.model.calico.Reading.Malformed;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/**
 * Addresses that rules select by label: a NetworkSet or a GlobalNetworkSet.
 *
 * @param labels as they were given; what a namespace adds is not in here
 * @param notes members that are no networks; they are left out
 */
public record NetworkSet(ResourceKey key, SortedMap<String, String> labels, List<Cidr> nets, List<Problem> notes) {

    public NetworkSet {
        nets = List.copyOf(nets);
        notes = List.copyOf(notes);
    }

    public static Decoded<NetworkSet> of(Resource resource) {
        return Reading.spec(resource, spec -> read(resource, spec));
    }

    private static NetworkSet read(Resource resource, Reading spec) throws Malformed {
        List<Cidr> nets = new ArrayList<>();
        List<Problem> notes = new ArrayList<>();
        List<String> texts = spec.texts("nets");
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            String field = "spec.nets[" + i + "]";
            RuleReading.net(text).map(IpPrefix::cidr)
                    .ifPresentOrElse(nets::add, () -> notes.add(new Problem(resource.key().path(), field, text, "an address or a CIDR")));
        }
        return new NetworkSet(resource.key(), resource.labels(), nets, notes);
    }
}
