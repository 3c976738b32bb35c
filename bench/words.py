"""The words the bench's catalogue is written with: tables in, ranked vocabularies out. No randomness, no I/O.

A trigram index is built on product names, so names are made of a few thousand real-looking words whose frequencies fall
with their rank, as in real shops.
"""

from itertools import chain, product, zip_longest


def _listed(text: str) -> list[str]:
    return text.split()


_NOUNS = _listed("""
shirt jacket trousers sweater hoodie scarf glove sock boot sandal sneaker belt cap coat dress skirt blazer vest towel
blanket pillow mattress curtain carpet lamp chair table shelf drawer cabinet desk stool mirror vase candle frame clock
kettle pan pot knife fork spoon plate bowl cup mug glass jug bottle jar tray grater peeler whisk ladle strainer toaster
blender mixer oven grill fryer fridge freezer washer dryer vacuum broom mop bucket sponge soap shampoo lotion cream
perfume brush comb razor trimmer drill hammer saw wrench pliers screwdriver chisel clamp ladder toolbox screw nail bolt
hinge lock cable plug socket switch battery charger adapter router keyboard mouse monitor speaker headphone camera
tripod lens printer scanner tablet phone case cover stand holder mount bag backpack suitcase wallet purse umbrella
bicycle helmet pedal saddle tyre pump tent lantern stove compass rope paddle racket ball net goal bat skate ski pole
puzzle doll robot train kite block crayon pencil pen marker notebook folder stapler envelope stamp label tape scissors
glue ruler calendar planter shovel rake hose sprinkler mower fence gate bench parasol hammock feeder leash collar kennel
aquarium filter pipe valve tap basin shower tile panel door window handle hook rack basket crate barrel box chest
""")

_QUALITIES = _listed("""
classic modern compact portable foldable adjustable durable lightweight waterproof breathable reusable wireless cordless
electric manual digital smart solar magnetic thermal insulated padded quilted striped checked floral plain matte glossy
brushed polished woven knitted printed embroidered natural organic recycled vegan soft firm warm cool quiet fast sturdy
slim wide narrow tall short deep flat round square oval curved angled double single triple twin mini maxi junior adult
family outdoor indoor garden kitchen office travel summer winter spring autumn sport casual formal vintage rustic urban
nordic premium basic essential original heritage signature limited
""")

_MATERIALS = _listed("""
cotton linen wool merino cashmere silk denim leather suede canvas velvet fleece nylon polyester bamboo oak walnut pine
beech birch maple teak cork rattan wicker steel iron copper brass bronze aluminium titanium chrome zinc glass ceramic
porcelain stoneware marble granite slate concrete silicone rubber latex acrylic resin carbon graphite paper cardboard
felt hemp jute
""")

_COLOURS = _listed("""
black white grey silver gold red crimson burgundy orange amber yellow mustard green olive mint teal turquoise blue navy
indigo purple lilac pink coral beige sand brown chestnut ivory cream charcoal anthracite
""")

_STEMS = _listed("back cross hand head side top under over out mid water wind sun snow rain fire night day road wall")
_ENDINGS = _listed("set kit pack pair rest guard band line grip wear ware work board light stand bag box lock top bar")
_ONSETS = _listed("al bel cor dan el far gal hol in jor kal lum mor nor or pel quin ros sol tam ul ver wel xan yar zen")
_CODAS = _listed("ano ara een ella enta ero esse ia ico ida ile ino ira is ita ium olo on ora os ova um una ura us yn")
_HOUSES = _listed("Works Home Outdoor Studio Labs Atelier Supply Goods Living Sport Tools Kitchen")

_DEPARTMENTS: dict[str, dict[str, str]] = {
    "Home & Kitchen": {
        "Cookware": "Pans,Pots,Bakeware,Lids",
        "Tableware": "Plates,Glasses,Cutlery,Serving",
        "Storage": "Boxes,Jars,Baskets,Racks",
        "Textiles": "Towels,Curtains,Blankets,Cushions",
    },
    "Clothing": {
        "Women": "Dresses,Knitwear,Coats,Trousers",
        "Men": "Shirts,Knitwear,Jackets,Trousers",
        "Children": "Babies,Girls,Boys,School",
        "Shoes": "Boots,Sandals,Sneakers,Care",
    },
    "Electronics": {
        "Audio": "Headphones,Speakers,Radios,Cables",
        "Computing": "Keyboards,Monitors,Storage,Printers",
        "Phones": "Cases,Chargers,Holders,Screens",
        "Photo": "Cameras,Lenses,Tripods,Bags",
    },
    "Tools & Garden": {
        "Hand Tools": "Hammers,Saws,Wrenches,Measuring",
        "Power Tools": "Drills,Sanders,Grinders,Batteries",
        "Garden": "Watering,Mowing,Planting,Furniture",
        "Fixings": "Screws,Bolts,Hooks,Hinges",
    },
    "Sports & Outdoor": {
        "Camping": "Tents,Stoves,Sleeping,Lighting",
        "Cycling": "Helmets,Tyres,Pumps,Bags",
        "Fitness": "Weights,Mats,Bands,Bottles",
        "Winter": "Skis,Skates,Gloves,Goggles",
    },
    "Toys & Office": {
        "Toys": "Puzzles,Dolls,Building,Outdoor",
        "Writing": "Pens,Pencils,Markers,Refills",
        "Paper": "Notebooks,Envelopes,Labels,Calendars",
        "Pets": "Dogs,Cats,Fish,Birds",
    },
}


def vocabulary() -> list[str]:
    """A few thousand capitalised words, the most frequent first: plain words, compounds, invented series names."""
    plain = [word for turn in zip_longest(_NOUNS, _QUALITIES, _MATERIALS, _COLOURS) for word in turn if word]
    compounds = [
        *(f"{stem}{ending}" for ending, stem in product(_ENDINGS, _STEMS)),
        *(f"{material}-{noun}" for noun, material in zip(_NOUNS * 3, _MATERIALS * 12, strict=False)),
        *(f"{noun}{ending}" for ending, noun in product(_ENDINGS[:4], _NOUNS)),
    ]
    invented = [f"{onset}{coda}" for coda, onset in product(_CODAS, _ONSETS)]
    return list(dict.fromkeys(word.capitalize() for word in chain(plain, compounds, invented)))


def brands() -> list[str]:
    """Some hundred invented brand names, the biggest first."""
    names = [f"{onset}{coda}".capitalize() for onset, coda in product(_ONSETS, _CODAS[::3])]
    return [f"{name} {_HOUSES[rank % len(_HOUSES)]}" if rank % 3 == 0 else name for rank, name in enumerate(names)]


def categories() -> list[str]:
    """Category paths, three levels each."""
    return [
        f"{department} > {group} > {leaf}"
        for department, groups in _DEPARTMENTS.items()
        for group, leaves in groups.items()
        for leaf in leaves.split(",")
    ]


def tags() -> list[str]:
    """Words a shop would tag with."""
    return [*_QUALITIES, *_MATERIALS]


def zipf_weights(count: int) -> list[float]:
    """Cumulative weights for ``random.choices``: the word of rank r comes about 1/(r + 3) as often as the first."""
    total = 0.0
    weights = []
    for rank in range(count):
        total += 1.0 / (rank + 3)
        weights.append(total)
    return weights
