"""Words that names are made of: titles, marks, particles, given names, families of them.

Plain text in folded form (no accents, lower case), so that a person who knows names
can read it and add to it.
"""

from typing import Final


def words(text: str) -> frozenset[str]:
    """Return the blank-separated words of `text`."""
    return frozenset(text.split())


TITLES: Final = words("""
    mr mme mlle mrs ms miss monsieur madame mademoiselle dr docteur doctor pr prof
    professeur professor maitre ing ingenieur hon honorable rev reverend soeur sir
    pasteur pastor mgr abbe chief alhaji alhadji elhadj elhadji elhaj hadja hajia hajja
    hadj hadji hajj haji messrs hadjia
""")
"""Dropped wherever they stand, as long as a name is left."""

FIRST_TITLES: Final = words("m me pere frere mere sr fr")
"""Titles only where they come first: later they are initials, marks or surnames."""

MALE_TITLES: Final = words("mr monsieur m sir alhaji alhadji")
FEMALE_TITLES: Final = words(
    "mme mlle mrs ms miss madame mademoiselle hadja hajia hajja hadjia soeur"
)

MAIDEN_MARKS: Final = words("nee epse epouse vve veuve")
"""Words between a woman's two surnames; they say nothing about who she is."""

PARTICLES: Final = words("de du des la le da do dos das di del d l el al van von y e")
"""Optional in a comparison; kept in the key, since Da, Di and Le are surnames too."""

GENERIC: Final = words("""
    company co corp corporation inc incorporated ltd limited llc lp plc sa sarl sarlu sas
    suarl sasu eurl gie ets etablissement etablissements ste societe cie gmbh ag bv nv srl
    spa oy ab group groupe holding holdings bank banque trust management international
    services service enterprise enterprises entreprise shop store boutique and et
""")
"""Words of firms: they agree by chance and do not count as agreement."""

MARKS: Final = {
    "jr": "junior",
    "junior": "junior",
    "fils": "junior",
    "sr": "senior",
    "senior": "senior",
    "pere": "senior",
    "cadet": "cadet",
    "aine": "aine",
    "2nd": "ii",
    "3rd": "iii",
    "4th": "iv",
}
"""Generational marks, by which father and son differ (Roman numbers come on top)."""

PATRONYMICS: Final = words("bin ben ibn bint binti ould wuld mint ag walad bar")
"""'Son of', 'daughter of': the order of the names around them is who is whose."""

COMPOUND_STARTS: Final = words("jean marie anne pierre paul rose marc louis")
"""First halves of given names such as Jean-Paul."""

PLACEHOLDERS: Final = frozenset(
    """client|clients|client divers|clients divers|divers|client comptoir|comptoir|
    client de passage|passage|inconnu|inconnue|unknown|anonyme|anonymous|sans nom|no name|
    noname|n a|na|nan|none|null|nil|nom|name|nom prenom|full name|test|test test|tests|
    xxx|xx|x|aaa|abc|customer|guest|invite|a completer|a renseigner|non renseigne|
    non communique|nc|particulier|walk in|walk in customer|cash customer|user|utilisateur|
    prenom nom|first last|john doe test|tbd|to be defined|vide|empty|aucun""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|")
)
"""Whole names that stand for no name."""

TWINS: Final = (
    words("assane ousseynou awa adama hawa"),
    words("hassan hussein hassane houssein housseini houssayni hasan husayn alhassane"),
    words("taiwo kehinde taiye"),
    words("kato wasswa waswa babirye nakato"),
    words("lassana fousseyni lassina fousseni sina"),
)
"""Names that are given to twins: alike, in one house, and never one person."""

VARIANTS: Final = (
    words("mamadou mohamed modou mohammed muhammad mouhamed mamoudou mahamadou amadou"),
    words("fatou fatoumata fatima fatma fatimata fatimatou faty"),
    words("aissatou aicha aissata aisha aicha aminata aminatou"),
    words("ibrahima ibrahim brahim ibrahime"),
    words("robert rob bob bobby robbie bert"),
    words("edward ed eddie eddy ted"),
    words("william will bill billy willy"),
    words("patricia pat patty trish patrick"),
    words("elizabeth elisabeth liz beth lizzy elise"),
    words("catherine katherine kate kathy cathy katie"),
    words("alexandre alexander alex sandro alexandra"),
    words("joseph joe jose"),
    words("michael mike mick"),
    words("benjamin ben benji bibi"),
    words("daniel dan danny"),
    words("thomas tom tommy"),
    words("james jim jimmy jamie"),
    words("richard rick dick ricky"),
    words("nicolas nicholas nico nick"),
    words("christophe christopher chris christian christine"),
    words("samuel sam sammy"),
    words("stephane steve stephen steven"),
    words("jean john johnny"),
    words("andrew andy andre"),
    words("margaret maggie meg marguerite"),
    words("anthony tony antoine"),
    words("charles charlie chuck"),
    words("ousmane usman oussman othman"),
    words("abdoulaye abdullah abdou abdoul"),
    words("kouassi kouadio kouame"),
    words("brian bryan brice"),
    words("eric erik"),
    words("marie mary maria mariam mariama mariame"),
    words("sara sarah"),
    words("philippe philip"),
    words("mathieu matthieu matthew mathias"),
    words("luis louis lewis"),
    words("ana anna anne ann annie annette"),
    words("therese teresa"),
    words("helene helen elena"),
    words("oumar omar umar"),
    words("moussa musa moise"),
    words("susan susanne suzanne"),
    words("annabelle annabella annabel anabella"),
    words("geoffrey jeffrey jeff geoff"),
    words("candace kandace"),
    words("zara sarah sahra"),
    words("yann yannick yannis"),
    words("elodie melodie"),
    words("george georges georg"),
    words("frederic frederick friedrich fred"),
    words("sidonie sidoine"),
    words("khadija kadidia hadiza khady kadiatou"),
    words("seydou sadio saidou said"),
)
"""Spellings and short forms: worth showing to a person, never a reason to merge."""

GENDER_PAIRS: Final = frozenset(
    frozenset(pair.split("/"))
    for pair in words("""
    michel/michelle christian/christiane andre/andree frederic/frederique
    pascal/pascale daniel/danielle gabriel/gabrielle raphael/raphaelle joel/joelle
    emmanuel/emmanuelle marcel/marcelle noel/noelle samuel/samuelle axel/axelle
    claude/claudette jean/jeanne yves/yvette yvon/yvonne simon/simone rene/renee
    paul/paule paul/paula paul/pauline martin/martine justin/justine augustin/augustine
    celestin/celestine clement/clementine valentin/valentine sylvain/sylvaine
    sylvain/sylvie lucien/lucienne julien/julienne adrien/adrienne fabien/fabienne
    vivien/vivienne etienne/etiennette bernard/bernadette georges/georgette
    antoine/antoinette henri/henriette henry/henriette charles/charlotte louis/louise
    francois/francoise alphonse/alphonsine ernest/ernestine joseph/josephine
    dominic/dominique eric/erica eric/erika patrice/patricia patrick/patricia
    alexandre/alexandra victor/victoria aime/aimee desire/desiree honore/honorine
    brice/brigitte amin/amina karim/karima salim/salima nadir/nadira samir/samira
    jamil/jamila rachid/rachida said/saida khalid/khalida farid/farida hamid/hamida
    latif/latifa nabil/nabila aziz/aziza aminou/amina mario/maria julio/julia
    antonio/antonia angelo/angela carlo/carla roberto/roberta fernando/fernanda
    stephane/stephanie jacques/jacqueline guillaume/guillemette nicolas/nicole
    leon/leonie laurent/laurence laurent/laurentine blaise/blaisine armand/armande
    armel/armelle cyril/cyrille cedric/cedrique dieudonne/dieudonnee germain/germaine
    gilbert/gilberte hilaire/hilarie mathieu/mathilde prosper/prosperine roland/rolande
    romain/romaine urbain/urbaine vincent/vincente zacharie/zacharia
    """)
)
"""Given names that differ by gender only; endings are judged by a rule on top."""

GIVEN: Final = words("""
    aaron abdou abdoul abdoulaye abdul abdullah abel abraham achille adam adama adele
    adeline adolphe adrian adrien adrienne agathe agnes ahmad ahmed aicha aida aime aimee
    aisha aissata aissatou alain alan alassane alban albert alberto albertine alex
    alexander alexandra alexandre alexis alfred ali alice alicia alima aline alioune alpha
    alphonse amadou amanda amara ambroise amelie amina aminata aminatou amos amy ana
    anastasie andre andrea andree andrew andy ange angela angele angelica angelo angelique
    anicet anita ann anna annabelle anne annette annie anselme anthony antoine antoinette
    antonia antonio apollinaire ariane aristide arlette armand armel armelle arnaud arsene
    arthur assane astrid athanase aude audrey auguste augustin aurelie aurelien awa axel
    aya aziz bakary balla barbara barthelemy basile baudouin beatrice ben benedicte benjamin
    benoit bernadette bernard berthe bertrand betty bianca bienvenu binta blaise blanche
    blandine boris boubacar brahim brandon brenda brian brice brigitte bruno bryan
    calixte camille candace carine carl carla carlos carmen carol carole caroline catherine
    cecile cedric celeste celestin celestine celine cesar chantal charles charlie charlotte
    cheikh chloe chris christel christelle christian christiane christina christine
    christophe christopher claire clara clarisse claude claudette claudia claudine clement
    clementine clotilde clovis colette constance constant corinne cyprien cyril cyrille
    dalila damien daniel daniela daniele danielle darla darlene david deborah delphine
    denis denise desire desiree diana diane didier dieudonne dimitri dina djeneba djibril
    dominic dominique donald donatien dorcas doris dorothee edgar edith edmond edouard
    edward edwige elena eliane elie elisabeth elise elizabeth ella ellen elodie eloise
    elsa elvis emile emilie emily emma emmanuel emmanuelle eric erica erik ernest
    ernestine esther estelle etienne eugene eugenie eunice eva evariste eve evelyne fabien
    fabienne fabrice fadila fanny fanta farid farida fatima fatma fatou fatoumata faustin
    felicite felix ferdinand fernand fernando fidele fidelia firmin flavien flora florence
    florent florentine florian france francesca francis francisca francois francoise frank
    frankline franck fred frederic frederique gabin gabriel gabrielle gaelle gaetan
    gaston gauthier genevieve geoffrey george georges georgette gerald gerard germain
    germaine ghislain ghislaine gilbert gilles gisele gloria grace gregoire gregory
    guillaume gustave guy gwladys habib hadiza hamadou hamid hamidou hannah harold harouna
    harry hassan hassane hawa helen helene henri henriette henry herve hilaire honore
    honorine hortense hubert hugo hugues hussein ibrahim ibrahima ida idriss idrissa ignace
    ines ingrid innocent irene iris isaac isabella isabelle isaie ismael ismaila issa
    ivan jack jacob jacqueline jacques james jamila jane janet janice jay jean jeanne
    jeannette jeff jeffrey jennifer jeremie jerome jesse jessica jim joan joana joel joelle
    johanna john jonas jonathan jordan jose joseph josephine joshua josiane josue joyce
    juan judith jules julia julian julie julien julienne juliette justin justine karen
    karim karima karine karl kate katherine kathleen kelly ken kevin khadija khalid khady
    kofi koffi kouadio kouame kouassi kwame laetitia lamine landry lara larissa larry
    laura laure laurence laurent lea leon leonard leonie leopold leslie lewis lidia lila
    lilian liliane linda lionel lisa loic louis louisa louise luc lucas lucia lucie lucien
    lucienne lucy ludovic luis luisa lydia lydie madeleine magali mahamadou mahamat malick
    malika mamadou manuel manuela marc marcel marceline marcelle marco marcus margaret
    margot marguerite maria mariam mariama marianne marie marielle marina mario marion
    marius mark marlene marsha marthe martha martial martin martine mary maryse mathias
    mathieu mathilde matthew matthieu maurice maxime maximilien mehdi melanie melissa
    mercy michael michel michele michelle mike mireille modeste modou mohamed mohammed
    moise monica monique morgan morris moses mouhamed moussa muhammad myriam nabila nadege
    nadia nadine naomi narcisse natacha natalia natalie nathalie nathan ndeye nelly nelson
    nestor nicholas nicolas nicole nina noah noel noelle nora norbert odette odile olga
    olive oliver olivia olivier omar oscar oswald otto oumar oumarou oumou ousmane
    ousseynou pamela parfait pascal pascale pascaline patrice patricia patrick paul paula
    paule paulette paulin pauline pedro penny perpetue peter philippe philip pierre
    prisca prosper prudence quentin rachel rachelle raissa ramatou raoul raphael raymond
    rebecca regine regis reine remi renaud rene renee richard rita robert roberta roberto
    rodolphe rodrigue roger roland rolande romain romeo romuald ronald rosalie rose roseline
    rosine ruben ruth sabine sabrina sadio said salif salim salimata salomon samba sami
    samira samson samuel sandra sandrine sara sarah saturnin scott sean sebastien seydou
    sidonie sidy simeon simon simone simplice siriki solange sophie souleymane stella
    stephane stephanie stephen steve steven suzanne susan susanne sylvain sylvester
    sylvestre sylvia sylvie tatiana teddy teresa thecla theodore theophile therese thierry
    thomas tidiane timothee tina tom valentin valentine valerie vanessa vera veronique
    victoire victor victoria vincent violette virginie viviane vivien wilfried william
    willy xavier yacouba yann yannick yasmine yaya yolande yves yvette yvon yvonne zacharie
    zara zeinab zoe zuwena zuraika annabel annabella anabella ruth rita kandace
    kadidia kadiatou mariame nafissatou ndiaga pape papa babacar serigne saliou khadim
    adja coumba penda dieynaba rokhaya rama sokhna astou oumy soda arame ngone yacine
    chinedu chinwe emeka ngozi uche ifeoma obinna chidi chioma amaka tunde bola segun
    yetunde funmi kunle femi folake musa umar usman aminu sani bello yusuf zainab hauwa
    wanjiru kamau otieno akinyi achieng njeri mwangi juma asha amani baraka neema
    larry barry gary terry jerry perry kerry merry sherry cherry
""")
"""Common given names of French, English, African, Arabic and Portuguese use.

Two of them that differ by one letter are two people (Mary, Mark), not one with a typo.
"""
